//! TLS: what is not trusted is refused, and its certificate is reported all the same.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use api::grant::{Effective, GrantSet};
use host::outcome::{HostReason, Outcome};
use host::{End, run};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use crate::doubles::Names;
use crate::server::Server;
use crate::stage::{Stage, call, plugin};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

fn acceptor(authority: &Authority, last_year: i32) -> TlsAcceptor {
    let mut params = CertificateParams::new(vec!["shop.example".to_owned()]).expect("a name");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(last_year, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let leaf = params.signed_by(&key, authority).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
        .expect("a server");
    TlsAcceptor::from(Arc::new(config))
}

async fn asked(tls: TlsAcceptor, roots: Vec<CertificateDer<'static>>) -> Outcome {
    let server = Server::with_tls(tls).await;
    let names = Names([("shop.example", vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])].into());
    let origin = format!("https://shop.example:{}", server.address.port());
    let set = GrantSet { http: vec![origin.parse().expect("an origin")], ..GrantSet::default() };
    let mut call = call(json!({"urls": [origin]}));
    call.grants =
        Effective { grants: set.clone(), ceiling: set, addresses: vec!["127.0.0.1/32".parse().expect("a range")] };
    run(&plugin("forbidden_host"), call, &Stage::with(names, roots).backends).await
}

#[tokio::test]
async fn a_trusted_root_is_enough() {
    let authority = authority();
    let outcome = asked(acceptor(&authority, 2090), vec![authority.der().clone()]).await;
    let End::Verdict(verdict) = &outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(verdict.summary, "200 over TLS");
    let report = &outcome.requests[0];
    let tls = report.tls.as_ref().expect("TLS");
    assert!(tls.verified && report.phases.tls.is_some() && report.phases.resolve.is_some());
    assert_eq!(tls.version.as_deref(), Some("TLSv1.3"));
    assert_eq!(tls.certificate.as_ref().expect("facts").subject_alternatives, ["shop.example"]);
}

#[tokio::test]
async fn an_unknown_authority_is_refused_and_its_certificate_told() {
    let outcome = asked(acceptor(&authority(), 2090), Vec::new()).await;
    let report = &outcome.requests[0];
    assert_eq!(report.error.as_ref().map(|error| error.reason), Some(HostReason::TlsInvalid));
    let tls = report.tls.as_ref().expect("TLS");
    assert!(!tls.verified && tls.certificate.as_ref().is_some_and(|facts| facts.days_left > 0));
}

#[tokio::test]
async fn an_expired_certificate_has_a_reason_of_its_own() {
    let authority = authority();
    let outcome = asked(acceptor(&authority, 2021), vec![authority.der().clone()]).await;
    let report = &outcome.requests[0];
    assert_eq!(report.error.as_ref().map(|error| error.reason), Some(HostReason::TlsExpired));
    let facts = report.tls.as_ref().and_then(|tls| tls.certificate.as_ref()).expect("facts");
    assert!(facts.days_left < 0);
}
