//! `http-probe` against servers in the clear and over TLS.

use std::collections::BTreeMap;

use harness::{serve, tls::Authority};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::{Ask, Sandbox, reason, verdict};

fn pages() -> serve::Pages {
    BTreeMap::from([
        ("/", (200, Vec::new(), "the shop is open".to_owned())),
        ("/broken", (500, Vec::new(), "oops".to_owned())),
        ("/moved", (302, vec![("location", "/".to_owned())], String::new())),
    ])
}

fn ask(origin: &str, path: &str, more: Value) -> Ask {
    let mut config = json!({"url": format!("{origin}{path}")});
    config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    Ask { config, origins: vec![origin.to_owned()], ..Ask::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_body_and_redirects_are_judged() {
    let server = serve::plain(pages()).await.expect("a server");
    let sandbox = Sandbox::load("http-probe", "").await;
    let cases = [
        ("/", json!({}), ""),
        ("/", json!({"body": {"contains": "open"}}), ""),
        ("/", json!({"body": {"contains": "closed"}}), "body-mismatch"),
        ("/broken", json!({}), "http-status"),
        ("/broken", json!({"status": [500]}), ""),
        ("/moved", json!({}), "http-status"),
        ("/moved", json!({"redirects": {"follow": 1}}), ""),
        ("/moved", json!({"redirects": {"expect": "/"}}), ""),
        ("/moved", json!({"redirects": {"expect": "/elsewhere"}}), "assertion-failed"),
    ];
    for (path, more, expected) in cases {
        let outcome = sandbox.run(&ask(&server.url, path, more.clone())).await;
        assert_eq!(reason(&outcome), expected, "{path} {more}: {}", verdict(&outcome).summary);
    }
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
async fn a_foreign_authority_or_name_is_refused() {
    let (ours, foreign) = (Authority::new().expect("an authority"), Authority::new().expect("an authority"));
    let sandbox = Sandbox::load("http-probe", &ours.pem()).await;
    for (authority, name) in [(&foreign, "localhost"), (&ours, "other.example")] {
        let identity = authority.issue(&[name], Timestamp::now(), 90).expect("a certificate");
        let server = serve::tls(pages(), &identity).await.expect("a server");
        let outcome = sandbox.run(&ask(&server.url, "/", json!({}))).await;
        assert_eq!(reason(&outcome), "tls-invalid", "{}", verdict(&outcome).summary);
    }
}
