//! The whole plugin on the native harness, against scripted answers of a registry.

use floorwalker_sdk::harness::Harness;
use floorwalker_sdk::host::http::Response;
use floorwalker_sdk::{Reason, Severity, Status};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::ImageDigest;

const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;

fn config() -> Value {
    json!({
        "registry": "https://registry.example", "repository": "acme/shop", "tag": "1.4.2",
        "allowedRegistries": ["registry.example:443"],
    })
}

fn digest(manifest: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(manifest)))
}

fn manifest(body: &str) -> Response {
    let headers = vec![
        ("content-type".to_owned(), "application/vnd.oci.image.manifest.v1+json".to_owned()),
        ("docker-content-digest".to_owned(), digest(body)),
    ];
    Response { headers, body: body.as_bytes().to_vec(), ..Response::new(200) }
}

fn refusal(status: u16, code: &str) -> Response {
    let body = json!({"errors": [{"code": code, "message": "no"}]}).to_string().into_bytes();
    Response { body, ..Response::new(status) }
}

#[test]
fn the_digest_is_evidence_with_repository_and_tag() {
    let mut harness = Harness::new().http(|_| Ok(manifest(MANIFEST)));
    let played = harness.run::<ImageDigest>(config());
    assert_eq!(played.verdict().status, Status::Pass);
    assert_eq!(played.sent[0].url, "https://registry.example/v2/acme/shop/manifests/1.4.2");
    let accept = played.sent[0].header("accept").expect("manifest types");
    assert!(accept.contains("oci.image.index") && accept.contains("docker.distribution.manifest.v2"));
    assert_eq!(played.sent[0].header("authorization"), None);
    let evidence = &played.verdict().evidence[0];
    assert_eq!((evidence.kind.as_str(), evidence.subject.as_str()), ("image-digest", digest(MANIFEST).as_str()));
    assert_eq!(evidence.attributes["repository"], "acme/shop");
    assert_eq!(evidence.attributes["tag"], "1.4.2");
    assert_eq!(evidence.attributes["registry"], "registry.example");
}

#[test]
fn a_tag_that_moved_since_the_last_look_is_said_once() {
    let answers = vec![Ok(manifest("{}")), Ok(manifest(MANIFEST)), Ok(manifest(MANIFEST))];
    let mut harness = Harness::new().answers(answers);
    assert_eq!(harness.run::<ImageDigest>(config()).verdict().status, Status::Pass);
    let moved = harness.run::<ImageDigest>(config());
    let verdict = moved.verdict();
    assert_eq!((verdict.status, verdict.reason), (Status::Warn, Some(Reason::DriftDetected)));
    assert_eq!(verdict.findings[0].severity, Severity::Warning);
    assert_eq!((&verdict.findings[0].expected, &verdict.findings[0].actual), (&digest("{}"), &digest(MANIFEST)));
    assert_eq!(verdict.evidence[0].subject, digest(MANIFEST));
    assert_eq!(harness.run::<ImageDigest>(config()).verdict().status, Status::Pass);
}

#[test]
fn another_tag_has_a_history_of_its_own() {
    let mut harness = Harness::new().answers(vec![Ok(manifest("{}")), Ok(manifest(MANIFEST))]);
    harness.run::<ImageDigest>(config());
    let mut other = config();
    other["tag"] = json!("1.5.0");
    assert_eq!(harness.run::<ImageDigest>(other).verdict().status, Status::Pass);
}

#[test]
fn a_registry_that_is_not_allowed_is_never_asked() {
    let mut fields = config();
    fields["allowedRegistries"] = json!(["registry.other.example"]);
    let played = Harness::new().run::<ImageDigest>(fields);
    assert_eq!((played.verdict().status, played.verdict().reason), (Status::Fail, Some(Reason::AssertionFailed)));
    assert_eq!(played.verdict().findings[0].subject, "registry:registry.example");
    assert!(played.sent.is_empty());
}

#[test]
fn a_missing_tag_is_missing_evidence() {
    let mut harness = Harness::new().http(|_| Ok(refusal(404, "MANIFEST_UNKNOWN")));
    let played = harness.run::<ImageDigest>(config());
    assert_eq!((played.verdict().status, played.verdict().reason), (Status::Fail, Some(Reason::EvidenceMissing)));
    assert!(played.verdict().summary.ends_with("registry.example/acme/shop:1.4.2 is not there (MANIFEST_UNKNOWN)"));
    assert!(played.verdict().evidence.is_empty());
}

#[test]
fn bytes_that_do_not_match_what_the_registry_says_fail() {
    let lying = || Response { body: b"{\"tampered\":1}".to_vec(), ..manifest(MANIFEST) };
    let played = Harness::new().http(move |_| Ok(lying())).run::<ImageDigest>(config());
    assert_eq!(played.verdict().reason, Some(Reason::BodyMismatch));
    let silent = || Response { headers: Vec::new(), ..manifest(MANIFEST) };
    let played = Harness::new().http(move |_| Ok(silent())).run::<ImageDigest>(config());
    assert_eq!(played.verdict().evidence[0].subject, digest(MANIFEST));
}

#[test]
fn credentials_are_sent_as_basic_and_a_refusal_is_said() {
    let mut fields = config();
    fields["credentialsSecret"] = json!("registry-login");
    let mut harness = Harness::new().secret("registry-login", "robot:pass").http(|sent| {
        assert_eq!(sent.header("authorization"), Some("Basic cm9ib3Q6cGFzcw=="));
        Ok(refusal(401, "UNAUTHORIZED"))
    });
    let played = harness.run::<ImageDigest>(fields);
    assert_eq!((played.verdict().status, played.verdict().reason), (Status::Fail, Some(Reason::AuthFailed)));
}

#[test]
fn a_registry_with_tokens_is_beyond_this_check() {
    let answer = || {
        let asks = "Bearer realm=\"https://auth.example/token\",service=\"registry\"".to_owned();
        Response { headers: vec![("www-authenticate".to_owned(), asks)], ..refusal(401, "UNAUTHORIZED") }
    };
    let played = Harness::new().http(move |_| Ok(answer())).run::<ImageDigest>(config());
    assert_eq!(played.error().reason, Reason::PrerequisiteMissing);
}

#[test]
fn a_broken_registry_fails_by_its_status_and_an_endless_manifest_by_its_size() {
    let played = Harness::new().http(|_| Ok(Response::new(503))).run::<ImageDigest>(config());
    assert_eq!(played.verdict().reason, Some(Reason::HttpStatus));
    let cut = || Response { truncated: true, ..manifest(MANIFEST) };
    let played = Harness::new().http(move |_| Ok(cut())).run::<ImageDigest>(config());
    assert_eq!(played.verdict().reason, Some(Reason::ProtocolError));
}

#[test]
fn the_example_manifest_has_a_valid_config() {
    let documents: Vec<Value> = serde_saphyr::from_multiple(include_str!("../manifest.yaml")).expect("YAML documents");
    let check = documents.iter().find(|document| document["kind"] == "Check").expect("a Check");
    serde_json::from_value::<ImageDigest>(check["spec"]["config"].clone()).expect("a valid config");
}
