//! Shell: the certificate authority of a small installation, in a folder: `ca.pem` and `ca.key`, and beside them what
//! it issued. Called by `ca init` and `ca issue`; the server itself only reads `ca.pem`. It revokes nothing: agents'
//! certificates are short enough to end by themselves, and servers reload new files.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};

use super::mtls::agent_uri;
use super::principal::AgentKey;

/// Ten years: replacing an authority means touching every node.
const CA_DAYS: i64 = 3_650;
/// A quarter: long enough for a laptop, short enough that renewing stays a habit.
pub const ISSUED_DAYS: i64 = 90;
/// An authority's certificate or its key, each 1 KiB: what is longer is another file, and is no PEM once it is cut.
const PEM_BYTES_MAX: u64 = 16 << 10;
/// A certificate is valid a day before it was made, for clocks that are behind.
const EARLY_DAYS: i64 = 1;

/// Why a certificate was not made.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file cannot be written or read.
    #[error("{path} cannot be {verb}; {remedy}")]
    File {
        /// Which file.
        path: String,
        /// What was tried.
        verb: &'static str,
        /// What to do.
        remedy: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// An authority is there already.
    #[error("{path} exists; use it, or give another --dir")]
    Exists {
        /// Which file.
        path: String,
    },
    /// The certificate cannot be made.
    #[error("the certificate cannot be made from {what}")]
    Make {
        /// From what.
        what: String,
        /// Why.
        source: rcgen::Error,
    },
    /// The machine's clock is out of range.
    #[error("the machine's clock is out of range; set it")]
    Clock,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub cert: PathBuf,
    /// Its private key, readable by its owner alone.
    pub key: PathBuf,
}

/// Makes an authority in `folder`. `now_ms` is milliseconds since 1970 UTC.
///
/// # Errors
/// One is there, or the folder cannot be written.
pub fn init(folder: &Path, now_ms: i64) -> Result<Issued, CaError> {
    let made = std::fs::create_dir_all(folder);
    made.map_err(|source| file(folder, "made", "choose a folder that can be written", source))?;
    let at = Issued { cert: folder.join("ca.pem"), key: folder.join("ca.key") };
    if at.cert.exists() || at.key.exists() {
        return Err(CaError::Exists { path: at.cert.display().to_string() });
    }
    let make = |source| CaError::Make { what: folder.display().to_string(), source };
    let key = KeyPair::generate().map_err(make)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Floorwalker authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, now_ms, CA_DAYS)?;
    let certificate = params.self_signed(&key).map_err(make)?;
    write(&at, &certificate.pem(), &key)?;
    Ok(at)
}

/// Issues the client certificate of an agent: `agent-<cluster>-<node>.pem` and `.key`. An earlier one is replaced.
///
/// # Errors
/// There is no authority in `folder`, or it cannot be written.
pub fn issue_agent(folder: &Path, agent: &AgentKey, days: i64, now_ms: i64) -> Result<Issued, CaError> {
    let uri = agent_uri(agent);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, agent.to_string());
    let name = uri.as_str().try_into().map_err(|source| CaError::Make { what: uri.clone(), source })?;
    params.subject_alt_names = vec![SanType::URI(name)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    issue(folder, &format!("agent-{}-{}", agent.cluster, agent.node), params, days, now_ms)
}

/// Issues a server's certificate for names and addresses: `server.pem` and `server.key`. An earlier one is replaced.
///
/// # Errors
/// There is no authority in `folder`, a name is none, or the folder cannot be written.
pub fn issue_server(folder: &Path, names: &[String], days: i64, now_ms: i64) -> Result<Issued, CaError> {
    let what = names.join(", ");
    let mut params = CertificateParams::new(names).map_err(|source| CaError::Make { what: what.clone(), source })?;
    params.distinguished_name.push(DnType::CommonName, what);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    issue(folder, "server", params, days, now_ms)
}

fn issue(folder: &Path, name: &str, mut params: CertificateParams, days: i64, now_ms: i64) -> Result<Issued, CaError> {
    let (ca_cert, ca_key) = (folder.join("ca.pem"), folder.join("ca.key"));
    let unmade = |source| CaError::Make { what: ca_cert.display().to_string(), source };
    let ca_key = KeyPair::from_pem(&read(&ca_key)?).map_err(unmade)?;
    let issuer = Issuer::from_ca_cert_pem(&read(&ca_cert)?, ca_key).map_err(unmade)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, now_ms, days)?;
    let key = KeyPair::generate().map_err(unmade)?;
    let certificate = params.signed_by(&key, &issuer).map_err(unmade)?;
    let at = Issued { cert: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
    write(&at, &certificate.pem(), &key)?;
    Ok(at)
}

fn valid(params: &mut CertificateParams, now_ms: i64, days: i64) -> Result<(), CaError> {
    let now = Timestamp::from_millisecond(now_ms).map_err(|_| CaError::Clock)?.to_zoned(TimeZone::UTC).date();
    let day = |days: i64| {
        let date = now.checked_add(days.days()).map_err(|_| CaError::Clock)?;
        let part = |number: i8| u8::try_from(number).map_err(|_| CaError::Clock);
        Ok(date_time_ymd(i32::from(date.year()), part(date.month())?, part(date.day())?))
    };
    params.not_before = day(-EARLY_DAYS)?;
    // Whole days: one more covers the rest of today.
    params.not_after = day(days + 1)?;
    Ok(())
}

/// Both beside, then renamed, the key first: a server that reloads between sees an unfitting pair and keeps the old.
fn write(at: &Issued, cert: &str, key: &KeyPair) -> Result<(), CaError> {
    let remedy = "choose a folder that can be written";
    for (path, text, mode) in [(&at.key, key.serialize_pem(), 0o600), (&at.cert, cert.to_owned(), 0o644)] {
        let beside = path.with_extension("part");
        let written = || {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(mode);
            let mut file = options.open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&beside, path)
        };
        written().map_err(|source| file(path, "written", remedy, source))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, CaError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(PEM_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|source| file(path, "read", "run `ca init` first", source))?;
    Ok(text)
}

fn file(path: &Path, verb: &'static str, remedy: &'static str, source: std::io::Error) -> CaError {
    CaError::File { path: path.display().to_string(), verb, remedy, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use process::tls::{Peer, ServerFiles, server};
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject as _;

    use super::super::mtls::authenticate;
    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    #[test]
    fn an_issued_agent_is_who_its_certificate_says() {
        let folder = tempfile::tempdir().expect("a folder");
        init(folder.path(), NOW).expect("made");
        let key = AgentKey { cluster: "up".parse().expect("a label"), node: "node-1".parse().expect("a node") };
        let issued = issue_agent(folder.path(), &key, ISSUED_DAYS, NOW).expect("issued");
        let mode = std::fs::metadata(&issued.key).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let certificate = CertificateDer::from_pem_file(&issued.cert).expect("a certificate");
        let address = "127.0.0.1:1".parse().expect("an address");
        let peer = Peer { address, certificate: Some(certificate.into()) };
        assert_eq!(authenticate(&peer).expect("an agent").agent_key(), Some(&key));
    }

    #[test]
    fn a_server_can_use_what_was_issued_and_an_authority_is_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        assert!(matches!(issue_server(folder.path(), &names, 1, NOW), Err(CaError::File { verb: "read", .. })));
        let ca = init(folder.path(), NOW).expect("made");
        assert!(matches!(init(folder.path(), NOW), Err(CaError::Exists { .. })));
        let Issued { cert, key } = issue_server(folder.path(), &names, ISSUED_DAYS, NOW).expect("issued");
        server(ServerFiles { cert, key, client_ca: Some(ca.cert) }).expect("usable");
    }
}
