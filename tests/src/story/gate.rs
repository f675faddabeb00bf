//! Shell: the requests a release pipeline makes, told: what was asked, what came back, how long it took and what was
//! said before.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::Page;
use crate::{
    pipeline::{Pipeline, Release},
    until::until,
};

/// Long enough for a check to run twice at the seeded intervals on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(90);

/// What the gate says, as far as the story reads it.
#[derive(Clone, Debug)]
pub(super) struct Answer(Value);

impl Answer {
    pub(super) fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or("")
    }

    fn is(&self, decision: &str, code: &str) -> bool {
        self.text("decision") == decision && self.text("code") == code
    }

    /// The messages of all reasons.
    pub(super) fn messages(&self) -> Vec<&str> {
        self.0["reasons"].as_array().into_iter().flatten().filter_map(|reason| reason["message"].as_str()).collect()
    }
}

/// Registers a release and gives it.
pub(super) async fn create(
    page: &mut Page<'_>,
    pipeline: &Pipeline,
    name: &str,
    digest: &str,
) -> anyhow::Result<Release> {
    page.asks(&format!("POST /v1/releases  {} {name}, {}", pipeline.tenant.service(), short(digest)));
    let release = pipeline.create(name, digest).await?;
    page.hears(&format!("release {}", release.id));
    Ok(release)
}

/// Asks until the answer is the expected one; shows what was said before it, too.
pub(super) async fn ask_until(
    page: &mut Page<'_>,
    pipeline: &Pipeline,
    release: &Release,
    action: &str,
    (decision, code): (&str, &str),
) -> anyhow::Result<Answer> {
    let tenant = &pipeline.tenant;
    page.asks(&format!(
        "POST /v1/decisions  may {} {action} {} {} to {}?",
        tenant.name,
        tenant.service(),
        release.name,
        tenant.environment()
    ));
    let question = pipeline.question(release, action);
    let start = Instant::now();
    let mut before: Vec<String> = Vec::new();
    let what = format!("{decision} {code}");
    let found = until(ANSWER_MAX, &what, async || {
        let answer = Answer(pipeline.ask(&question).await?.document()?);
        if answer.is(decision, code) {
            return Ok(Some(answer));
        }
        let said = format!("{} {}: {}", answer.text("decision"), answer.text("code"), answer.text("reason"));
        if before.last() != Some(&said) {
            before.push(said);
        }
        Ok(None)
    });
    let answer = found.await.with_context(|| format!("the gate said {before:#?}"))?;
    let after = start.elapsed();
    page.hears(&format!("{what}: {} ({}{})", answer.text("reason"), time(after), meanwhile(&before)));
    Ok(answer)
}

/// A time as people read it.
fn time(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// What was said while waiting, by its codes.
fn meanwhile(before: &[String]) -> String {
    let mut codes: Vec<&str> = before.iter().filter_map(|said| said.split(':').next()).collect();
    codes.dedup();
    if codes.is_empty() { String::new() } else { format!("; until then: {}", codes.join(", ")) }
}

/// Starts with the ticket of an allow, and finishes well.
pub(super) async fn roll_out(
    page: &mut Page<'_>,
    pipeline: &Pipeline,
    release: &Release,
    action: &str,
    allow: &Answer,
) -> anyhow::Result<()> {
    let environment = pipeline.tenant.environment();
    let ticket = allow.text("ticket");
    ensure!(!ticket.is_empty(), "an allow of a POST carries a ticket");
    page.asks(&format!("POST /v1/releases/{}/start  with the ticket", release.id));
    let started: Value = pipeline.start(release, action, ticket).await?.document()?;
    page.hears(&format!("{} in {environment}", state_of(&started)));
    page.asks(&format!("POST /v1/releases/{}/finish  this deployment succeeded", release.id));
    let finished: Value = pipeline.finish(release, &started).await?.document()?;
    page.hears(&format!("{} in {environment}", state_of(&finished)));
    ensure!(state_of(&finished) == "succeeded", "finished as {finished}");
    Ok(())
}

/// The state of a deployment.
fn state_of(deployment: &Value) -> &str {
    deployment["state"].as_str().unwrap_or("")
}

/// A digest as people quote it.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}
