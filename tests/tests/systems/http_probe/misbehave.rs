//! Servers that talk as no server should, redirect for ever, or are there for one kind of address alone.

use std::net::Ipv6Addr;

use harness::{
    misbehave::{self, Manner},
    serve,
};
use host::outcome::VerdictStatus;
use serde_json::json;

use super::{ask, pages};
use crate::sandbox::{BOTH, SIX, Sandbox, reason, verdict};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_speak_properly_gets_its_reason() {
    let sandbox = Sandbox::load("http-probe", "").await;
    // These servers never get any further, so the bound decides nothing but how long this takes.
    let soon = json!({"timeoutMs": 2_000});
    for (manner, more, expected, words) in [
        (Manner::Silent, soon.clone(), "latency-exceeded", "in time"),
        (Manner::SlowHead, soon.clone(), "latency-exceeded", "in time"),
        (Manner::SlowBody, soon, "latency-exceeded", "in time"),
        (Manner::ShortBody, json!({}), "protocol-error", "broke off"),
        (Manner::ThousandHeaders, json!({}), "protocol-error", "head is too large"),
        (Manner::NoHttp, json!({}), "protocol-error", "HTTP"),
        (Manner::EndlessBody, json!({"body": {"contains": "open"}}), "body-mismatch", "it is longer"),
    ] {
        let server = misbehave::start(manner).await.expect("a server");
        let outcome = sandbox.run(&ask(&server.url, "/", more)).await;
        let told = verdict(&outcome);
        assert_eq!((told.status, reason(&outcome)), (VerdictStatus::Fail, expected), "{manner:?}: {}", told.summary);
        assert!(told.summary.contains(words), "{manner:?}: {}", told.summary);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_body_is_cut_at_the_limit() {
    let sandbox = Sandbox::load("http-probe", "").await;
    let server = misbehave::start(Manner::EndlessBody).await.expect("a server");
    let outcome = sandbox.run(&ask(&server.url, "/", json!({}))).await;
    // Nothing was asked of the body, and the head is right.
    assert_eq!(reason(&outcome), "", "{}", verdict(&outcome).summary);
    assert_eq!(outcome.requests[0].body_bytes, api::limits::RunLimits::DEFAULT.body_bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_loop_ends_with_the_last_redirect_that_may_be_followed() {
    let mut pages = pages();
    pages.insert("/loop", (302, vec![("location", "/loop".to_owned())], String::new()));
    pages.insert("/ping", (302, vec![("location", "/pong".to_owned())], String::new()));
    pages.insert("/pong", (302, vec![("location", "/ping".to_owned())], String::new()));
    let server = serve::plain(pages).await.expect("a server");
    let sandbox = Sandbox::load("http-probe", "").await;
    for path in ["/loop", "/ping"] {
        let outcome = sandbox.run(&ask(&server.url, path, json!({"redirects": {"follow": 5}}))).await;
        assert_eq!(reason(&outcome), "http-status", "{path}: {}", verdict(&outcome).summary);
        assert!(verdict(&outcome).summary.contains("answered 302"), "{}", verdict(&outcome).summary);
        assert_eq!(outcome.requests.len(), 6, "the first, and five that were followed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_ipv6_alone_is_reached_by_name_and_by_address() {
    let sandbox = Sandbox::load("http-probe", "").await;
    let server = serve::plain_at(Ipv6Addr::LOCALHOST.into(), pages()).await.expect("a server on ::1");
    assert!(server.url.starts_with("http://[::1]:"), "{}", server.url);
    let by = |host: &str| server.url.replace("[::1]", host);
    // The second name has an address of IPv4 too, where nobody listens: the next address is tried.
    for origin in [server.url.clone(), by(SIX), by(BOTH)] {
        let outcome = sandbox.run(&ask(&origin, "/", json!({}))).await;
        assert_eq!(reason(&outcome), "", "{origin}: {}", verdict(&outcome).summary);
    }
    let outcome = sandbox.run(&ask(&by("127.0.0.1"), "/", json!({}))).await;
    assert_eq!(reason(&outcome), "connect-refused", "{}", verdict(&outcome).summary);
}
