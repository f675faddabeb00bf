//! Every response that the OpenAPI document names, from a real route at least once.

use api::frame::{Epoch, Frame, LeaseRequest, chain, codec};
use api::http::token::Role;
use api::id::Digest;
use api::manifest::release_policy::Class;
use api::result::Status;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::documented;
use super::stand::Stand;
use crate::http::decisions::tests::stand::{Stand as GateStand, question};
use crate::placement::plan::tests::check_id;

const BAD: &str = "no such thing";

#[tokio::test]
async fn every_documented_response_is_seen_and_fits() {
    let stand = Stand::new().await;
    readers(&stand).await;
    agents(&stand).await;
    let mut gate = GateStand::new().await;
    releases(&mut gate).await;
    let mut seen = stand.heard.all();
    seen.extend(gate.heard.all());
    let missing: Vec<_> = documented::all().difference(&seen).cloned().collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

async fn readers(stand: &Stand) {
    let viewer = stand.token(Some("acme"), Role::Viewer).await;
    let check = check_id("acme-prod", "a");
    for path in ["checks", &format!("checks/{check}"), &format!("checks/{check}/results"), "nodes", "freezes"] {
        stand.get(&format!("/v1/{path}"), &viewer).await;
        stand.get(&format!("/v1/{path}"), BAD).await;
    }
    let admin = stand.token(Some("acme"), Role::TenantAdmin).await;
    let wanted = r#"{"tenant": "acme", "role": "viewer", "expires_at": "2026-12-01T00:00:00Z"}"#;
    let made = stand.ask("POST", "/v1/tokens", Some(&admin), wanted).await.json();
    let own = format!("/v1/tokens/{}", made["id"].as_str().expect("an id"));
    for (method, path) in [("GET", "/v1/tokens"), ("DELETE", own.as_str())] {
        stand.ask(method, path, Some(&admin), "").await;
        stand.ask(method, path, Some(BAD), "").await;
    }
    stand.ask("POST", "/v1/tokens", Some(&admin), "{").await;
}

async fn agents(stand: &Stand) {
    let ask = async |method: &str, path: &str, etag: &str, body: Vec<u8>| {
        let request = Request::builder().method(method).uri(format!("/v1/agent/{path}")).header("if-none-match", etag);
        stand.as_agent("n1", request.body(Body::from(body)).expect("a request")).await
    };
    let plugin = format!("plugins/{}", Digest::of(b"plugin").hex());
    let first = ask("GET", "assignments", "", vec![]).await;
    ask("GET", "assignments", first.headers["etag"].to_str().expect("ASCII"), vec![]).await;
    ask("GET", &plugin, "", vec![]).await;
    ask("GET", "secrets", "", vec![]).await;
    let order = check_id("acme-prod", "order");
    let holder = stand.api.placement.plan().borrow().nodes_of(order).next().expect("placed").node.to_string();
    let lease = codec::encode(&LeaseRequest { check_id: order }).expect("encodes");
    let lease = Request::builder().method("POST").uri("/v1/agent/leases").body(Body::from(lease));
    stand.as_agent(&holder, lease.expect("a request")).await;
    let epoch = Epoch([7; 16]);
    let empty =
        Frame { epoch, first_seq: 1, last_seq: 0, chain: chain::start(&epoch), dropped: vec![], records: vec![] };
    ask("POST", "frames", "", codec::pack(&empty).expect("packs")).await;
    let late = Frame { first_seq: 5, last_seq: 4, ..empty };
    ask("POST", "frames", "", codec::pack(&late).expect("packs")).await;
    for (method, path) in
        [("GET", "assignments"), ("GET", &plugin), ("GET", "secrets"), ("POST", "leases"), ("POST", "frames")]
    {
        stand.ask(method, &format!("/v1/agent/{path}"), None, "").await;
    }
}

async fn releases(gate: &mut GateStand) {
    let pipeline = gate.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let colleague = gate.token("acme", Role::Pipeline, &[Class::Feature]).await;
    gate.result(Status::Pass, None).await;
    let release = gate.released(&pipeline, "one").await;
    let body =
        json!({"tenant": "acme", "service": "shop", "class": "feature", "subject": question("", "one")["subject"]});
    gate.ask(&pipeline, Method::POST, "/v1/releases", &body).await;
    let allowed = gate.decide(&pipeline, &question(&release, "one")).await;
    gate.start(&colleague, &release, &allowed, "deploy", "one").await;
    let (_, started) = gate.start(&pipeline, &release, &allowed, "deploy", "one").await;
    gate.start(&pipeline, &release, &allowed, "deploy", "one").await;
    gate.finish(&pipeline, &release, &started, "failed").await;
    gate.finish(&pipeline, &release, &started, "succeeded").await;
    let mut simulated = question(&release, "one");
    simulated["at"] = json!("2027-03-01T12:00:00Z");
    let (_, simulated) = gate.ask(&pipeline, Method::POST, "/v1/decisions", &simulated).await;
    assert_eq!(simulated["simulated"]["decision"], "allow", "{simulated}");
    let asked = "/v1/decisions?tenant=acme&environment=prod&service=shop";
    for at in ["", "&at=2027-03-01T12:00:00Z"] {
        gate.ask(&pipeline, Method::GET, &format!("{asked}{at}"), &Value::Null).await;
    }
    let id = allowed["id"].as_str().expect("an id");
    gate.ask(&pipeline, Method::GET, &format!("/v1/decisions/{id}"), &Value::Null).await;
    gate.ask(&pipeline, Method::GET, &format!("/v1/releases/{release}"), &Value::Null).await;
    let path = format!("/v1/releases/{release}");
    for (method, path) in [
        (Method::GET, "/v1/decisions"),
        (Method::POST, "/v1/decisions"),
        (Method::GET, &format!("/v1/decisions/{id}")),
        (Method::POST, "/v1/releases"),
        (Method::GET, &path),
        (Method::POST, &format!("{path}/start")),
        (Method::POST, &format!("{path}/finish")),
    ] {
        assert_eq!(gate.ask(BAD, method, path, &Value::Null).await.0, 401);
    }
}
