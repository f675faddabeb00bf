//! Shell: authorities that checks trust beside the public ones, such as a company's own. Read once at a start.

use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject as _};

/// Why the authorities cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{} holds no certificates in PEM form: name another file with --target-ca", path.display())]
pub struct RootsError {
    path: PathBuf,
    source: pem::Error,
}

/// The certificates of a PEM file; none without a file.
///
/// # Errors
/// The file cannot be read, or has no certificate in PEM form.
pub fn read(path: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let Some(path) = path else { return Ok(vec![]) };
    let failed = |source| RootsError { path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    // A key in its place, say: every target of the company's own would be called untrusted.
    if certificates.is_empty() { Err(failed(pem::Error::NoItemsFound)) } else { Ok(certificates) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        assert!(read(Some(&file)).is_err(), "no file");
        for text in ["", "no PEM\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            std::fs::write(&file, text).expect("written");
            let error = read(Some(&file)).expect_err("no certificate");
            assert!(error.to_string().contains("--target-ca"), "{error}");
        }
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
        assert_eq!(read(Some(&file)).expect("read").len(), 1);
        assert_eq!(read(None).expect("none asked for").len(), 0);
    }
}
