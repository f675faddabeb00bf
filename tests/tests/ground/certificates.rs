//! Certificates that have ended, and are replaced while processes run.

use std::process::Command;

use harness::binary;
use harness::site::CLUSTER;
use harness::skip;
use harness::until::until;
use jiff::Timestamp;

use crate::scene::{NODE, SOON, Scene, says};

/// Issues with a clock of half a year ago what was valid for ten days.
fn issue_ended(scene: &Scene, words: &[&str]) {
    let mut command = Command::new("faketime");
    command.args(["-f", "-180d"]).arg(binary::find("floorwalker-aggregator").expect("built"));
    command.args(["ca", "issue"]).args(words).args(["--days", "10", "--dir"]).arg(scene.site.certificate(""));
    let output = command.output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn unavailable() -> Option<String> {
    binary::on_path("faketime").is_none().then(|| "faketime is not installed: apt-get install faketime".to_owned())
}

/// Whose certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Aggregator,
    Agent,
}

async fn ends_and_is_replaced(whose: Whose, words: &[&str], said: &[&str]) {
    let mut scene = Scene::set().await;
    scene.agent().stop();
    issue_ended(&scene, words);
    if whose == Whose::Aggregator {
        // It reads the new files when it sees them.
        let served = until(SOON, "the ended one to be served", async || {
            Ok(scene.client().get("/v1/checks").await.is_err().then_some(()))
        });
        served.await.expect("served");
    }
    // Connections outlive a certificate, so the agent comes anew; it has its last assignments.
    scene.start_agent(|command| command);
    says(scene.agent(), said).await;
    scene.runs_on().await;
    scene.site.issue(&[&["ca", "issue"], words].concat()).expect("issued");
    scene.reports_after(Timestamp::now()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregators_certificate_that_ended_is_named_and_its_replacement_is_used() {
    if let Some(why) = unavailable() {
        return skip::because("an_aggregators_certificate_that_ended_is_named_and_its_replacement_is_used", &why);
    }
    let words = ["server", "--name", "127.0.0.1", "--name", "localhost"];
    ends_and_is_replaced(
        Whose::Aggregator,
        &words,
        &["records cannot be reported", "expired", "give the server a new certificate"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_certificate_that_ended_is_named_and_its_replacement_is_used() {
    if let Some(why) = unavailable() {
        return skip::because("an_agents_certificate_that_ended_is_named_and_its_replacement_is_used", &why);
    }
    let words = ["agent", "--cluster", CLUSTER, "--node", NODE];
    ends_and_is_replaced(Whose::Agent, &words, &["records cannot be reported", "give this client a new certificate"])
        .await;
}
