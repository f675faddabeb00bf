//! The gate through its routes: what a pipeline sees of a broken journey, a freeze, a rollback, a ticket.

mod finishing;
mod simulation;
pub(in crate::http) mod stand;

use std::time::Duration;

use api::http::decision::Ask;
use api::http::release::StartRelease;
use api::http::token::Role;
use api::id::Digest;
use api::manifest::release_policy::Class;
use api::result::Status;
use axum::http::Method;
use process::clock::Clock as _;
use serde_json::{Value, json};

use crate::gate::Minting;
use crate::release::{self, Refused};
use crate::store::change::ChangeError;
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
    let path = format!("/v1/decisions/{}", first["id"].as_str().expect("an id"));
    assert_eq!(stand.ask(&pipeline, Method::GET, &path, &Value::Null).await, (200, second), "as it was answered");
    stand.clock.advance(Duration::from_secs(60));
    let third = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_ne!(first["id"], third["id"]);
}

#[tokio::test]
async fn what_a_deployment_rests_on_is_never_rewritten_and_polls_of_an_allow_are_one_entry() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let release = stand.create(&pipeline, "one").await;
    let question = question(&release, "one");
    let first = stand.decide(&pipeline, &question).await;
    let path = format!("/v1/decisions/{}", first["id"].as_str().expect("an id"));
    let stored = stand.ask(&pipeline, Method::GET, &path, &Value::Null).await;
    let unticketed = |mut answer: Value| {
        answer["ticket"] = Value::Null;
        (200, answer)
    };
    assert_eq!(unticketed(first.clone()), stored);
    stand.clock.advance(Duration::from_secs(5));
    let second = stand.decide(&pipeline, &question).await;
    assert_eq!((&first["id"], &first["decision"]), (&second["id"], &json!("allow")), "{second}");
    assert_ne!(first["ticket"], second["ticket"]);
    assert_eq!(unticketed(second.clone()), stored, "one decision has one answer");
    let made = stand.audit(Some("acme")).await.iter().filter(|(action, _)| action == "decision.made").count();
    assert_eq!(made, 1, "a summary a minute");
    assert_eq!(stand.start(&pipeline, &release, &second, "deploy", "one").await.0, 201);
    stand.clock.advance(Duration::from_secs(5));
    let query = format!(
        "/v1/decisions?tenant=acme&environment=prod&service=shop&release={release}&subject.digest={}",
        Digest::of(b"one")
    );
    let (_, looked) = stand.ask(&pipeline, Method::GET, &query, &Value::Null).await;
    assert_eq!(unticketed(looked), stored);
    assert_eq!(stand.ask(&pipeline, Method::GET, &path, &Value::Null).await, stored, "as it was when it was decided");
    assert_eq!(stand.start(&pipeline, &release, &first, "deploy", "one").await.0, 201, "its ticket is its own");
}

#[tokio::test]
async fn a_start_that_waited_for_its_turn_is_judged_by_the_law_of_its_turn() {
    let mut stand = Stand::new().await;
    stand.result(Status::Pass, None).await;
    let scope = crate::authz::PlatformScope::for_test().tenant("acme".parse().expect("a label"));
    let (gate, classes) = (stand.api.gate.clone(), [Class::Feature]);
    let wanted = json!({"tenant": "acme", "service": "shop", "class": "feature", "subject": subject("one")});
    let wanted = serde_json::from_value(wanted).expect("a request");
    let release = release::create::create(&gate, &scope, wanted).await.expect("created").release.id;
    let ask: Ask = serde_json::from_value(question(&release, "one")).expect("a question");
    let allowed = gate.decide(&scope, &classes, ask, Minting::Ticket).await.expect("decided");
    let request = json!({"environment": "prod", "ticket": allowed.ticket, "subject": subject("one")});
    let request: StartRelease = serde_json::from_value(request).expect("a request");
    let start = async || release::start(&gate, &scope, &classes, release.clone(), request.clone()).await;
    let code = |started: Result<_, ChangeError<Refused>>| match started {
        Err(ChangeError::Refused(Refused::State { code, .. })) => code,
        other => panic!("{other:?}"),
    };

    // The first poll of each hands it to the writer, in this order, before the law and the clock go on.
    let (free, busy) = stand.busy_writer();
    let ((), frozen, ()) = tokio::join!(biased; busy, start(), async {
        stand.publish("peak.yaml", FREEZE).await;
        drop(free);
    });
    assert_eq!(code(frozen), "FROZEN");
    let (free, busy) = stand.busy_writer();
    let ((), late, ()) = tokio::join!(biased; busy, start(), async {
        stand.clock.advance(Duration::from_secs(301));
        drop(free);
    });
    assert_eq!(code(late), "TICKET_EXPIRED");
}

#[tokio::test]
async fn a_required_check_that_is_refused_is_missing_whatever_else_passes() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let release = stand.create(&pipeline, "one").await;
    assert_eq!(stand.decide(&pipeline, &question(&release, "one")).await["decision"], "allow");
    let refused = "apiVersion: floorwalker.dev/v1alpha1\nkind: Check\n\
        metadata: {name: cart, namespace: acme-prod, labels: {journey: order-to-cash}}\n\
        spec: {plugin: journey, service: till, runInterval: 60s, timeout: 20s, layer: business}\n";
    stand.write("cart.yaml", refused).await;
    let held = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_eq!((&held["decision"], &held["code"]), (&json!("wait"), &json!("CHECK_MISSING")), "{held}");
    assert_eq!(held["reason"], "business check acme-prod/cart is refused at cart.yaml:4: spec.service");
}

#[tokio::test]
async fn what_the_platform_reads_of_a_tenant_is_in_its_trail() {
    let stand = Stand::new().await;
    let scope = crate::authz::PlatformScope::for_test().own();
    let minted = crate::authn::token::mint(None, Role::PlatformAdmin, vec![], stand.clock.wall_ms() + 60_000);
    let admin = minted.text.clone();
    crate::http::tokens::store(&stand.api.store, &scope, minted, stand.clock.wall_ms()).await.expect("stored");
    let viewer = stand.token("acme", Role::Viewer, &[]).await;
    let at = "environment=prod&service=shop&class=feature&at=2026-06-08T00:00:00Z";
    for tenant in ["acme", "acme", "globex"] {
        for path in ["checks", "freezes", &format!("decisions?{at}")] {
            let joint = if path.contains('?') { '&' } else { '?' };
            let path = format!("/v1/{path}{joint}tenant={tenant}");
            assert_eq!(stand.ask(&admin, Method::GET, &path, &Value::Null).await.0, 200, "{path}");
            let own = if tenant == "acme" { 200 } else { 404 };
            assert_eq!(stand.ask(&viewer, Method::GET, &path, &Value::Null).await.0, own, "{path}");
        }
    }
    let mut read: Vec<_> = stand.audit(None).await;
    read.retain(|(action, _)| action == "platform.read");
    let tenants: Vec<_> = read.iter().map(|(_, detail)| detail["tenant"].as_str().unwrap_or_default()).collect();
    assert_eq!(tenants, ["acme", "acme", "acme", "globex", "globex", "globex"], "once a minute for each");
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
        ("at", json!("9999-12-31T23:59:59Z")),
        ("expected_duration_s", json!(u32::MAX)),
        ("surprise", json!(1)),
    ] {
        let mut question = good.clone();
        question[field] = value;
        let (status, problem) = stand.ask(&pipeline, Method::POST, "/v1/decisions", &question).await;
        assert_eq!(status, 422, "{field}: {problem}");
    }
    let far = format!("/v1/decisions?tenant=acme&environment=prod&service=shop&at={}", "9999-12-30T21:59:59Z");
    let (status, answer) = stand.ask(&pipeline, Method::GET, &far, &Value::Null).await;
    assert_eq!((status, &answer["simulated"]["evaluated_at"]), (200, &json!("9999-12-30T21:59:59Z")), "{answer}");
    let list =
        json!(["acme", "prod", "shop", null, null, "feature", "deploy", {"digest": Digest::of(b"one")}, null, null]);
    let (status, problem) = stand.ask(&pipeline, Method::POST, "/v1/decisions", &list).await;
    assert_eq!((status, &problem["detail"]), (422, &json!("the body is a list, and must be an object")));
    let query = "/v1/decisions?tenant=acme&environment=prod&service=shop&surprise=1";
    assert_eq!(stand.ask(&pipeline, Method::GET, query, &Value::Null).await.0, 422, "as in a body");
    let other = stand.token("globex", Role::TenantAdmin, &[]).await;
    let release = stand.create(&pipeline, "one").await;
    for path in [format!("/v1/releases/{release}"), "/v1/releases/none".to_owned(), "/v1/decisions/none".to_owned()] {
        let (status, problem) = stand.ask(&other, Method::GET, &path, &Value::Null).await;
        assert_eq!((status, &problem["code"]), (404, &json!("not-found")), "{path}");
    }
    let viewer = stand.token("acme", Role::Viewer, &[]).await;
    let finish = json!({"deployment": "none", "outcome": "succeeded"});
    let path = format!("/v1/releases/{release}/finish");
    assert_eq!(stand.ask(&viewer, Method::POST, &path, &finish).await.0, 403);
    assert_eq!(stand.ask(&other, Method::POST, &path, &finish).await.0, 404);
    assert_eq!(stand.ask(&pipeline, Method::POST, &path, &finish).await.0, 422, "no deployment of it");
    let mut again = json!({"tenant": "acme", "service": "shop", "class": "feature", "subject": subject("two")});
    for (name, status) in [("first", 201), ("second", 200)] {
        again["name"] = json!(name);
        let (answered, known) = stand.ask(&pipeline, Method::POST, "/v1/releases", &again).await;
        assert_eq!((answered, &known["name"]), (status, &json!("first")), "the answer says which name it has");
    }
    again = json!({"tenant": "acme", "service": "shop", "class": "schema", "subject": subject("one")});
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
