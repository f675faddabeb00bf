//! Values of secrets, as an agent gets them: an answer has an end, and no tenant fills it for the others.

use api::frame::{Secrets, codec};
use api::limits::{SECRET_BYTES_MAX, SECRETS_BYTES_MAX};
use axum::body::Body;
use axum::http::Request;

use super::stand::Stand;
use crate::placement::plan::tests::{catalogue, check_id};

#[tokio::test]
async fn a_tenant_with_too_many_secrets_keeps_no_other_from_its_own() {
    let many: String = (0..16).map(|at| format!("{{name: s{at}, from: {{secret: s, key: large}}}}, ")).collect();
    let mut checks: Vec<String> =
        (0..20).map(|at| format!("acme-prod/c{at}: secrets: [{}]", many.trim_end_matches(", "))).collect();
    checks.push("globex-prod/a: secrets: [{name: key, from: {secret: s, key: k}}]".to_owned());
    let stand = Stand::with(catalogue(&checks.iter().map(String::as_str).collect::<Vec<_>>())).await;
    stand.keep_secret("acme-prod/s/large", &"x".repeat(SECRET_BYTES_MAX));
    stand.keep_secret("globex-prod/s/k", "small");
    let request = Request::builder().uri("/v1/agent/secrets").body(Body::empty()).expect("a request");
    let answer = stand.as_agent("n1", request).await;
    assert!(answer.body.len() <= SECRETS_BYTES_MAX, "an agent takes no more: {}", answer.body.len());
    let Secrets { secrets } = codec::decode(&answer.body).expect("secrets");
    let globex = check_id("globex-prod", "a");
    let own: Vec<_> = secrets.iter().filter(|secret| secret.check_id == globex).map(|it| &it.value[..]).collect();
    assert_eq!(own, [b"small"]);
    assert_eq!(secrets.len() - 1, 15 * 16, "15 of the 20 checks, each with all of its secrets");
}
