//! How deployments end: each by its own id, once, and never another's.

use std::time::Duration;

use api::http::token::Role;
use api::manifest::release_policy::Class;
use api::result::Status;
use axum::http::Method;
use serde_json::{Value, json};

use super::stand::{Stand, question};
use crate::release::DEADLINE_MS;

/// The states of a release's deployments by id.
async fn states(stand: &Stand, token: &str, release: &str) -> Vec<(Value, Value)> {
    let (_, release) = stand.ask(token, Method::GET, &format!("/v1/releases/{release}"), &Value::Null).await;
    let deployments = release["deployments"].as_array().expect("a list").iter();
    deployments.map(|it| (it["id"].clone(), it["state"].clone())).collect()
}

#[tokio::test]
async fn a_finish_ends_the_deployment_it_names_once_and_no_other() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let release = stand.create(&pipeline, "one").await;
    let mut started = vec![];
    for _ in ["mine", "theirs"] {
        let allowed = stand.decide(&pipeline, &question(&release, "one")).await;
        let (status, deployment) = stand.start(&pipeline, &release, &allowed, "deploy", "one").await;
        assert_eq!(status, 201, "{deployment}");
        started.push(deployment);
        stand.clock.advance(Duration::from_secs(1));
    }
    let [mine, theirs] = started.as_slice() else { panic!("two") };
    let finish = async |deployment: &Value, outcome: &str| {
        let (status, answer) = stand.finish(&pipeline, &release, deployment, outcome).await;
        (status, if status == 200 { answer["id"].clone() } else { answer["code"].clone() })
    };
    for _ in ["once", "and again, for the answer was lost"] {
        assert_eq!(finish(mine, "succeeded").await, (200, mine["id"].clone()));
        stand.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(finish(mine, "failed").await, (409, json!("conflict")), "what ended is not changed");
    let now = states(&stand, &pipeline, &release).await;
    assert!(now.contains(&(mine["id"].clone(), json!("succeeded"))), "{now:?}");
    assert!(now.contains(&(theirs["id"].clone(), json!("started"))), "{now:?}");
    let ended = stand.audit(Some("acme")).await.iter().filter(|(action, _)| action == "release.finished").count();
    assert_eq!(ended, 1, "a repeated finish is no second entry");

    let other = stand.create(&pipeline, "two").await;
    let (status, _) = stand.finish(&pipeline, &other, theirs, "failed").await;
    assert_eq!(status, 422, "it is of another release");
    let stranger = stand.token("globex", Role::Pipeline, &[]).await;
    assert_eq!(stand.finish(&stranger, &release, theirs, "failed").await.0, 404);
    assert_eq!(finish(theirs, "failed").await.0, 200);
}

#[tokio::test]
async fn a_deployment_beyond_its_deadline_is_abandoned_for_good() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let release = stand.create(&pipeline, "one").await;
    let allowed = stand.decide(&pipeline, &question(&release, "one")).await;
    let (_, started) = stand.start(&pipeline, &release, &allowed, "deploy", "one").await;
    stand.clock.advance(Duration::from_millis(DEADLINE_MS as u64));
    // A token ends in a day as well.
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    assert_eq!(states(&stand, &pipeline, &release).await[0].1, "abandoned");
    let (status, refused) = stand.finish(&pipeline, &release, &started, "succeeded").await;
    assert_eq!((status, &refused["code"]), (409, &json!("conflict")), "{refused}");
}
