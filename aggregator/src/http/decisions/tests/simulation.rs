//! Questions with `at`: time rules use that instant, checks are today's, and nothing of it is a decision.

use api::http::token::Role;
use api::manifest::release_policy::Class;
use api::result::Status;
use axum::http::Method;
use serde_json::{Value, json};

use super::stand::{FREEZE, Stand};

const QUESTION: &str = "/v1/decisions?tenant=acme&environment=prod&service=shop";

#[tokio::test]
async fn an_allow_of_another_day_does_not_end_with_the_freshness_of_todays_checks() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let path = format!("{QUESTION}&class=feature");
    let (_, now) = stand.ask(&pipeline, Method::GET, &path, &Value::Null).await;
    assert_eq!(
        (&now["decision"], &now["valid_until"]),
        (&json!("allow"), &json!("2026-06-01T10:02:30Z")),
        "the check goes stale first"
    );
    for (at, until) in
        [("2027-03-01T12:00:00Z", "2027-03-01T12:05:00Z"), ("2026-05-01T12:00:00Z", "2026-05-01T12:05:00Z")]
    {
        let (_, answer) = stand.ask(&pipeline, Method::GET, &format!("{path}&at={at}"), &Value::Null).await;
        let simulated = &answer["simulated"];
        assert_eq!((&simulated["decision"], &simulated["valid_until"]), (&json!("allow"), &json!(until)), "{answer}");
        assert_eq!(simulated["requirements"][0]["observed_at"], "2026-06-01T10:00:00Z", "checks are today's");
    }
}

#[tokio::test]
async fn a_viewers_class_counts_in_what_it_may_ask() {
    let mut stand = Stand::new().await;
    let plain = stand.token("acme", Role::Viewer, &[]).await;
    let named = stand.token("acme", Role::Viewer, &[Class::SecurityHotfix]).await;
    stand.result(Status::Pass, None).await;
    stand.write("peak.yaml", FREEZE).await;
    let path = format!("{QUESTION}&class=security-hotfix&at=2026-06-02T00:00:00Z");
    let mut codes = vec![];
    for token in [&plain, &named] {
        let (_, answer) = stand.ask(token, Method::GET, &path, &Value::Null).await;
        codes.push(answer["simulated"]["code"].clone());
    }
    assert_eq!(codes, ["FROZEN", "ALLOWED"]);
}
