//! Shell: a throw-away certificate authority on disk for tests of this crate.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};

use super::{ClientFiles, Identity, ServerFiles};

/// A folder with `ca.pem` and whatever it issued.
pub(crate) struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn make(folder: &Path) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
        Self { folder: folder.to_owned(), issuer: Issuer::new(params, key) }
    }

    /// Writes `<name>.pem` and `<name>.key` for localhost and, when given, a URI name.
    pub(crate) fn issue(&self, name: &str, uris: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        for uri in uris {
            params.subject_alt_names.push(SanType::URI((*uri).try_into().unwrap()));
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(name, "pem"), certificate.pem()).unwrap();
        std::fs::write(self.path(name, "key"), key.serialize_pem()).unwrap();
    }

    pub(crate) fn server_files(&self, name: &str) -> ServerFiles {
        ServerFiles {
            cert: self.path(name, "pem"),
            key: self.path(name, "key"),
            client_ca: Some(self.path("ca", "pem")),
        }
    }

    pub(crate) fn client_files(&self, name: Option<&str>) -> ClientFiles {
        ClientFiles {
            roots: Some(self.path("ca", "pem")),
            identity: name.map(|name| Identity { cert: self.path(name, "pem"), key: self.path(name, "key") }),
        }
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }
}
