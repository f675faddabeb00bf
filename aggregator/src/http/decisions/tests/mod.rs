//! The gate through its routes: what a pipeline sees of a broken journey, a freeze, a rollback, a ticket.

mod stand;

use std::time::Duration;

use api::http::token::Role;
use api::id::Digest;
use api::manifest::release_policy::Class;
use api::result::Status;
use axum::http::Method;
use serde_json::{Value, json};

use stand::{FREEZE, Stand, question, subject};

#[tokio::test]
async fn a_broken_journey_holds_the_next_release_and_a_freeze_the_one_after_but_never_the_way_back() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let first = stand.released(&pipeline, "one").await;

    stand.result(Status::Fail, None).await;
    let second = stand.create(&pipeline, "two").await;
    let held = stand.decide(&pipeline, &question(&second, "two")).await;
    assert_eq!(
        (&held["decision"], &held["code"], &held["ticket"]),
        (&json!("wait"), &json!("CHECK_FAILING"), &Value::Null)
    );
    let expected =
        "business check acme-prod/order-journey fails at step `confirm` on node-1: the order stayed a quotation";
    assert_eq!(held["reason"], expected);
    assert_eq!(held["requirements"][0]["state"], "failing");

    stand.result(Status::Pass, None).await;
    let open = stand.decide(&pipeline, &question(&second, "two")).await;
    assert_eq!(open["decision"], "allow", "{open}");
    stand.write("peak.yaml", FREEZE).await;
    let frozen = stand.decide(&pipeline, &question(&second, "two")).await;
    assert_eq!((&frozen["code"], &frozen["next_allowed_at"]), (&json!("FROZEN"), &json!("2026-06-08T00:00:00+02:00")));
    let (status, refused) = stand.start(&pipeline, &second, &open, "deploy", "two").await;
    assert_eq!((status, &refused["code"]), (409, &json!("FROZEN")), "the law is asked once more: {refused}");

    let back =
        json!({"tenant": "acme", "environment": "prod", "service": "shop", "release": first, "action": "rollback"});
    let allowed = stand.decide(&pipeline, &back).await;
    assert_eq!(allowed["decision"], "allow", "{allowed}");
    let (status, started) = stand.start(&pipeline, &first, &allowed, "rollback", "one").await;
    assert_eq!((status, &started["action"]), (201, &json!("rollback")), "{started}");

    let other = stand.token("globex", Role::Pipeline, &Class::ALL).await;
    let elsewhere = json!({"tenant": "globex", "environment": "prod", "service": "shop", "class": "feature"});
    assert_eq!(stand.decide(&other, &elsewhere).await["decision"], "allow");
    let (status, _) = stand.ask(&other, Method::POST, "/v1/decisions", &back).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_ticket_starts_one_deployment_of_what_it_is_for() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let colleague = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let release = stand.create(&pipeline, "one").await;
    let allowed = stand.decide(&pipeline, &question(&release, "one")).await;
    let code = |(status, problem): (u16, Value)| (status, problem["code"].as_str().unwrap_or_default().to_owned());
    let with = |status: u16, code: &str| (status, code.to_owned());

    assert_eq!(code(stand.start(&colleague, &release, &allowed, "deploy", "one").await), with(403, "TICKET_SCOPE"));
    assert_eq!(code(stand.start(&pipeline, &release, &allowed, "migrate", "one").await), with(403, "TICKET_SCOPE"));
    assert_eq!(code(stand.start(&pipeline, &release, &allowed, "deploy", "two").await), with(409, "DIGEST_MISMATCH"));
    let forged = json!({"ticket": "fwk_0"});
    assert_eq!(code(stand.start(&pipeline, &release, &forged, "deploy", "one").await), with(403, "TICKET_SCOPE"));
    assert_eq!(stand.start(&pipeline, &release, &allowed, "deploy", "one").await.0, 201);
    assert_eq!(code(stand.start(&pipeline, &release, &allowed, "deploy", "one").await), with(409, "TICKET_USED"));

    let late = stand.decide(&pipeline, &question(&release, "one")).await;
    stand.clock.advance(Duration::from_secs(301));
    assert_eq!(code(stand.start(&pipeline, &release, &late, "deploy", "one").await), with(409, "TICKET_EXPIRED"));
}

#[tokio::test]
async fn a_get_never_mints_and_a_simulation_decides_nothing() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let viewer = stand.token("acme", Role::Viewer, &[]).await;
    stand.result(Status::Pass, None).await;
    let path = "/v1/decisions?tenant=acme&environment=prod&service=shop&class=feature";
    let digest = Digest::of(b"one");
    let (status, answer) =
        stand.ask(&pipeline, Method::GET, &format!("{path}&subject.digest={digest}"), &Value::Null).await;
    assert_eq!((status, &answer["decision"], &answer["ticket"]), (200, &json!("allow"), &Value::Null), "{answer}");
    let id = answer["id"].as_str().expect("an id");
    assert_eq!(answer["url"], format!("https://gate.example/v1/decisions/{id}"));
    let (status, again) = stand.ask(&viewer, Method::GET, &format!("/v1/decisions/{id}"), &Value::Null).await;
    assert_eq!((status, &again), (200, &answer));

    let keys: Vec<_> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut wanted = vec![
        "id",
        "decision",
        "code",
        "reason",
        "evaluated_at",
        "valid_until",
        "next_allowed_at",
        "next_close_at",
        "retry_after_s",
        "reasons",
        "requirements",
        "shadow",
        "policy_version",
        "tzdb",
        "ticket",
        "url",
    ];
    wanted.sort_unstable();
    assert_eq!(keys, wanted, "no other key");

    stand.write("peak.yaml", FREEZE).await;
    let (status, simulated) =
        stand.ask(&viewer, Method::GET, &format!("{path}&at=2026-06-08T00:00:00%2B02:00"), &Value::Null).await;
    assert_eq!((status, simulated.as_object().map(|it| it.len())), (200, Some(1)), "{simulated}");
    let simulated = &simulated["simulated"];
    assert_eq!((&simulated["id"], &simulated["ticket"]), (&Value::Null, &Value::Null));
    assert!(simulated["reasons"].as_array().expect("a list").iter().all(|it| it["code"] != "FROZEN"), "{simulated}");
    assert_eq!(stand.ask(&viewer, Method::GET, path, &Value::Null).await.0, 403);
}

#[tokio::test]
async fn a_poll_with_the_same_answer_is_one_decision_a_minute() {
    let stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let release = stand.create(&pipeline, "one").await;
    let first = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_eq!(first["code"], "CHECK_MISSING");
    stand.clock.advance(Duration::from_secs(15));
    let second = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_eq!(first["id"], second["id"]);
    assert_ne!(first["evaluated_at"], second["evaluated_at"]);
    stand.clock.advance(Duration::from_secs(60));
    let third = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_ne!(first["id"], third["id"]);
}

#[tokio::test]
async fn what_is_unknown_does_not_fit_and_what_is_hidden_is_not_there() {
    let stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let good = json!({"tenant": "acme", "environment": "prod", "service": "shop"});
    for (field, value) in [
        ("environment", json!("live")),
        ("service", json!("till")),
        ("class", json!("miracle")),
        ("location", json!("moon")),
        ("release", json!("none")),
        ("at", json!("soon")),
        ("expected_duration_s", json!(u32::MAX)),
        ("surprise", json!(1)),
    ] {
        let mut question = good.clone();
        question[field] = value;
        let (status, problem) = stand.ask(&pipeline, Method::POST, "/v1/decisions", &question).await;
        assert_eq!(status, 422, "{field}: {problem}");
    }
    let other = stand.token("globex", Role::TenantAdmin, &[]).await;
    let release = stand.create(&pipeline, "one").await;
    for path in [format!("/v1/releases/{release}"), "/v1/releases/none".to_owned(), "/v1/decisions/none".to_owned()] {
        let (status, problem) = stand.ask(&other, Method::GET, &path, &Value::Null).await;
        assert_eq!((status, &problem["code"]), (404, &json!("not-found")), "{path}");
    }
    let viewer = stand.token("acme", Role::Viewer, &[]).await;
    let finish = json!({"environment": "prod", "outcome": "succeeded"});
    let path = format!("/v1/releases/{release}/finish");
    assert_eq!(stand.ask(&viewer, Method::POST, &path, &finish).await.0, 403);
    assert_eq!(stand.ask(&other, Method::POST, &path, &finish).await.0, 404);
    assert_eq!(stand.ask(&pipeline, Method::POST, &path, &finish).await.0, 409, "nothing is under way");
    let again = json!({"tenant": "acme", "service": "shop", "class": "schema", "subject": subject("one")});
    assert_eq!(stand.ask(&pipeline, Method::POST, "/v1/releases", &again).await.0, 409, "its class is fixed");
}

#[tokio::test]
async fn broken_law_waits_and_freezes_are_listed_in_the_tenants_zone() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    stand.write("peak.yaml", FREEZE).await;
    let (status, list) = stand.ask(&pipeline, Method::GET, "/v1/freezes?tenant=acme", &Value::Null).await;
    assert_eq!((status, list["items"].as_array().map(Vec::len)), (200, Some(1)), "{list}");
    let rule = &list["items"][0];
    assert_eq!((&rule["rule"], &rule["tier"], &rule["active"]), (&json!("peak"), &json!("platform"), &json!(true)));
    assert_eq!(rule["windows"][0]["to"], "2026-06-08T00:00:00+02:00");
    let other = stand.token("globex", Role::Viewer, &[]).await;
    let (_, none) = stand.ask(&other, Method::GET, "/v1/freezes", &Value::Null).await;
    assert_eq!(none["items"], json!([]), "it is not about this tenant");

    let broken = FREEZE.replace("name: peak", "name: trough").replace("effect: deny", "effect: maybe");
    std::fs::remove_file(stand.folder.path().join("manifests/peak.yaml")).expect("removed");
    stand.write("trough.yaml", &broken).await;
    let release = stand.create(&pipeline, "one").await;
    let answer = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_eq!((&answer["decision"], &answer["code"]), (&json!("wait"), &json!("INDETERMINATE")), "{answer}");
    assert_eq!(answer["reasons"][0]["rule"], "trough");
}
