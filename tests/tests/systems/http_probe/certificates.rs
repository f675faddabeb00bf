//! Certificates: days left, and what is wrong with one, with its facts even where verification failed.

use harness::{
    real::openssl,
    serve, skip,
    tls::{Authority, Identity},
};
use host::{Outcome, outcome::CertificateReport};
use jiff::Timestamp;
use serde_json::json;

use super::{ask, pages};
use crate::sandbox::{Sandbox, reason, verdict};

/// The facts of the one certificate that was seen, and whether it was accepted.
fn facts(outcome: &Outcome) -> (&CertificateReport, bool) {
    let tls = outcome.requests.last().and_then(|request| request.tls.as_ref()).expect("a connection with TLS");
    (tls.certificate.as_ref().expect("a certificate"), tls.verified)
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_judged_by_their_days() {
    let authority = Authority::new().expect("an authority");
    let sandbox = Sandbox::load("http-probe", &authority.pem()).await;
    let now = Timestamp::now();
    for (days, more, expected) in [
        (90, json!({"certificateDays": {"warn": 30, "fail": 7}}), ""),
        (20, json!({"certificateDays": {"warn": 30, "fail": 7}}), "tls-expired"),
        (3, json!({"certificateDays": {"warn": 30, "fail": 7}}), "tls-expired"),
        (-2, json!({}), "tls-expired"),
    ] {
        let identity = authority.issue(&["localhost"], now, days).expect("a certificate");
        let server = serve::tls(pages(), &identity).await.expect("a server");
        let outcome = sandbox.run(&ask(&server.url, "/", more)).await;
        assert_eq!(reason(&outcome), expected, "{days} days: {}", verdict(&outcome).summary);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_certificate_is_told_with_its_facts() {
    let (ours, foreign) = (Authority::new().expect("an authority"), Authority::new().expect("an authority"));
    let sandbox = Sandbox::load("http-probe", &ours.pem()).await;
    let now = Timestamp::now();
    let issued = |authority: &Authority, name, days| authority.issue(&[name], now, days).expect("a certificate");
    let itself = Identity::self_signed(&["localhost"], now, 90).expect("a certificate");
    for (what, identity, expected, name, days) in [
        ("expired", issued(&ours, "localhost", -2), "tls-expired", "localhost", -2),
        ("self-signed", itself, "tls-invalid", "localhost", 90),
        ("foreign authority", issued(&foreign, "localhost", 90), "tls-invalid", "localhost", 90),
        ("wrong host", issued(&ours, "other.example", 90), "tls-invalid", "other.example", 90),
    ] {
        let server = serve::tls(pages(), &identity).await.expect("a server");
        let outcome = sandbox.run(&ask(&server.url, "/", json!({}))).await;
        assert_eq!(reason(&outcome), expected, "{what}: {}", verdict(&outcome).summary);
        let (certificate, verified) = facts(&outcome);
        assert!(!verified, "{what}");
        assert_eq!(certificate.subject_alternatives, [name], "{what}");
        // The certificate ends at a midnight: on the day that was asked for, or in the last hours of the one before.
        assert!((days - 1..=days).contains(&certificate.days_left), "{what}: {}", certificate.days_left);
        assert_eq!(certificate.fingerprint_sha256.len(), 64, "{what}");
        assert!(!certificate.serial.is_empty() && certificate.not_before_s < now.as_second(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_tls_1_0_alone_is_refused() {
    if let Some(why) = openssl::unavailable() {
        return skip::because("a_server_of_tls_1_0_alone_is_refused", &why);
    }
    let authority = Authority::new().expect("an authority");
    let identity = authority.issue(&["localhost"], Timestamp::now(), 90).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let server = openssl::start(&identity, folder.path()).await.expect("a server");
    // It does answer, in that version and in no other.
    assert_eq!(server.version("-tls1").expect("a client").as_deref(), Some("TLSv1.0"));
    for newer in ["-tls1_1", "-tls1_2", "-tls1_3"] {
        assert_eq!(server.version(newer).expect("a client"), None, "{newer}");
    }
    let sandbox = Sandbox::load("http-probe", &authority.pem()).await;
    let outcome = sandbox.run(&ask(&server.url, "/", json!({}))).await;
    assert_eq!(reason(&outcome), "tls-invalid", "{}", verdict(&outcome).summary);
    assert!(verdict(&outcome).summary.contains("ProtocolVersion"), "{}", verdict(&outcome).summary);
    server.stop();
}
