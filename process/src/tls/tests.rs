//! Shell: files become configurations, broken ones leave the old in use, names are read from certificates.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::testing::Authority;
use super::*;
use crate::supervise::chain;

const SPIFFE: &str = "spiffe://floorwalker.local/agent/up/node-1";

#[test]
fn a_rotation_is_taken_and_a_half_written_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::make(folder.path());
    authority.issue("server", &[]);
    authority.issue("next", &[]);
    let tls = server(authority.server_files("server")).unwrap();
    let first = tls.current();
    assert!(matches!(tls.check(), Check::Unchanged));

    let own = |name: &str| folder.path().join(name);
    std::fs::rename(own("next.pem"), own("server.pem")).unwrap();
    let kept = tls.check();
    assert!(matches!(&kept, Check::Kept(error) if chain(error).contains("server.pem")), "{kept:?}");
    assert!(Arc::ptr_eq(&first, &tls.current()), "the old one serves on");
    assert_eq!(tls.generation(), 0);
    assert!(matches!(tls.check(), Check::Unchanged), "said once");

    std::fs::rename(own("next.key"), own("server.key")).unwrap();
    assert!(matches!(tls.check(), Check::Replaced));
    assert!(!Arc::ptr_eq(&first, &tls.current()));
    assert_eq!(tls.generation(), 1);
}

#[test]
fn files_that_give_nothing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::make(folder.path());
    authority.issue("server", &[]);
    let missing = server(authority.server_files("nowhere")).unwrap_err();
    assert!(missing.to_string().contains("nowhere.pem cannot be read"), "{missing}");

    std::fs::write(folder.path().join("server.key"), "no key").unwrap();
    let keyless = server(authority.server_files("server")).unwrap_err();
    assert!(keyless.to_string().contains("server.key holds no private key"), "{keyless}");

    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let rootless = client(authority.client_files(None)).unwrap_err();
    assert!(rootless.to_string().contains("ca.pem holds no certificate"), "{rootless}");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::make(folder.path());
    std::fs::write(folder.path().join("ca.pem"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    let error = client(authority.client_files(None)).unwrap_err();
    assert!(chain(&error).contains("more than 1048576 bytes"), "{}", chain(&error));
}

#[test]
fn the_public_authorities_are_the_default() {
    assert!(client(ClientFiles::default()).is_ok());
}

#[test]
fn exactly_one_spiffe_uri_is_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::make(folder.path());
    let named = |uris: &[&str]| {
        authority.issue("agent", uris);
        let text = std::fs::read(folder.path().join("agent.pem")).unwrap();
        spiffe_uri(&CertificateDer::from_pem_slice(&text).unwrap())
    };
    assert_eq!(named(&[SPIFFE]), Ok(SPIFFE.to_owned()));
    assert_eq!(named(&[]), Err(PeerError::NotOneUri(0)));
    assert_eq!(named(&[SPIFFE, "spiffe://other/x"]), Err(PeerError::NotOneUri(2)));
    assert_eq!(named(&["https://a.example"]), Err(PeerError::NotSpiffe("https://a.example".into())));
    let garbage = spiffe_uri(&CertificateDer::from(vec![1, 2, 3]));
    assert!(matches!(garbage, Err(PeerError::Unreadable(_))), "{garbage:?}");
}
