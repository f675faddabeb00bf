//! A query key that a path does not know is refused, and the same everywhere: of every operation of the OpenAPI document.

use api::http::token::Role;
use axum::body::Body;
use axum::http::Request;

use super::documented::operations;
use super::stand::Stand;
use crate::placement::plan::tests::check_id;

#[tokio::test]
async fn an_unknown_query_key_is_told_by_every_operation() {
    let stand = Stand::new().await;
    let token = stand.token(Some("acme"), Role::TenantAdmin).await;
    for (method, template) in operations() {
        let path = template.replace("{id}", &uuid::Uuid::nil().to_string()).replace("{sha256}", &"0".repeat(64));
        let request = Request::builder().method(method.as_str()).uri(format!("{path}?surprise=1"));
        let answer = match template.starts_with("/v1/agent/") {
            true => stand.as_agent("n1", request.body(Body::empty()).expect("a request")).await,
            false => {
                let request = request.header("authorization", &token);
                stand.anybody(request.body(Body::empty()).expect("a request")).await
            }
        };
        let what = format!("{method} {template}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.status.as_u16(), 422, "{what}");
        let problem = answer.json();
        assert_eq!(problem["code"], "invalid-request", "{what}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("unknown field `surprise`")), "{what}");
    }
}

#[tokio::test]
async fn a_refused_query_says_nothing_of_what_is_there() {
    let stand = Stand::new().await;
    let token = stand.token(Some("acme"), Role::Viewer).await;
    let ask = async |id| stand.get(&format!("/v1/checks/{id}?surprise=1"), &token).await;
    let own = ask(check_id("acme-prod", "a")).await;
    assert_eq!(ask(check_id("globex-prod", "a")).await, own);
    assert_eq!(ask(check_id("acme-prod", "none")).await, own);
    assert_eq!(stand.get("/v1/nothing?surprise=1", &token).await.status.as_u16(), 404, "a path that is not there");
}
