//! Shell: the requests a release pipeline makes, as the story and the suites make them. Shows each with its answer.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{Page, Release, Side};
use crate::until::until;

/// Long enough for a check to run twice at the seeded intervals on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(90);

/// What the gate says, as far as the story reads it.
#[derive(Clone, Debug)]
pub(super) struct Answer(pub(super) Value);

impl Answer {
    pub(super) fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or("")
    }

    pub(super) fn is(&self, decision: &str, code: &str) -> bool {
        self.text("decision") == decision && self.text("code") == code
    }

    /// The messages of all reasons.
    pub(super) fn messages(&self) -> Vec<&str> {
        self.0["reasons"].as_array().into_iter().flatten().filter_map(|reason| reason["message"].as_str()).collect()
    }
}

/// Registers a release and gives it.
pub(super) async fn create(page: &mut Page<'_>, side: &Side<'_>, name: &str, digest: &str) -> anyhow::Result<Release> {
    let body = json!({
        "tenant": side.tenant.name, "service": side.tenant.service(), "class": "feature", "name": name,
        "subject": {"digest": digest},
    });
    page.asks(&format!("POST /v1/releases  {} {name}, {}", side.tenant.service(), short(digest)));
    let created: Value = side.pipeline.post("/v1/releases", &body).await?.document()?;
    let id = created["id"].as_str().context("a release has an id")?.to_owned();
    page.hears(&format!("release {id}"));
    Ok(Release { id, name: name.to_owned(), digest: digest.to_owned() })
}

/// Asks until the answer is the expected one; shows what was said before it, too.
pub(super) async fn ask_until(
    page: &mut Page<'_>,
    side: &Side<'_>,
    release: &Release,
    action: &str,
    (decision, code): (&str, &str),
) -> anyhow::Result<Answer> {
    let body = json!({
        "tenant": side.tenant.name, "environment": side.tenant.environment(), "service": side.tenant.service(),
        "release": release.id, "action": action, "subject": {"digest": release.digest},
    });
    page.asks(&format!(
        "POST /v1/decisions  may {} {action} {} {} to {}?",
        side.tenant.name,
        side.tenant.service(),
        release.name,
        side.tenant.environment()
    ));
    let start = Instant::now();
    let mut before: Vec<String> = Vec::new();
    let what = format!("{decision} {code}");
    let found = until(ANSWER_MAX, &what, async || {
        let answer = Answer(side.pipeline.post("/v1/decisions", &body).await?.document()?);
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
    let codes: Vec<&str> = before.iter().filter_map(|said| said.split(':').next()).collect();
    let meanwhile = if codes.is_empty() { String::new() } else { format!(", before that {}", codes.join(", ")) };
    page.hears(&format!(
        "{} {}: {} ({:.1} s{meanwhile})",
        answer.text("decision"),
        answer.text("code"),
        answer.text("reason"),
        start.elapsed().as_secs_f64()
    ));
    Ok(answer)
}

/// Starts with the ticket of an allow, and finishes well.
pub(super) async fn roll_out(
    page: &mut Page<'_>,
    side: &Side<'_>,
    release: &Release,
    action: &str,
    allow: &Answer,
) -> anyhow::Result<()> {
    let environment = side.tenant.environment();
    let ticket = allow.text("ticket");
    ensure!(!ticket.is_empty(), "an allow of a POST carries a ticket");
    let body =
        json!({"environment": environment, "ticket": ticket, "action": action, "subject": {"digest": release.digest}});
    page.asks(&format!("POST /v1/releases/{}/start  with the ticket", release.id));
    let started: Value = side.pipeline.post(&format!("/v1/releases/{}/start", release.id), &body).await?.document()?;
    page.hears(&format!("{} in {environment}", state_of(&started)));
    let body = json!({"environment": environment, "outcome": "succeeded"});
    page.asks(&format!("POST /v1/releases/{}/finish  succeeded", release.id));
    let finished: Value =
        side.pipeline.post(&format!("/v1/releases/{}/finish", release.id), &body).await?.document()?;
    page.hears(&format!("{} in {environment}", state_of(&finished)));
    ensure!(state_of(&finished) == "succeeded", "finished as {finished}");
    Ok(())
}

/// The state of a deployment, or of the newest one of a release.
fn state_of(document: &Value) -> &str {
    let newest = document["deployments"].as_array().and_then(|list| list.last());
    newest.unwrap_or(document)["state"].as_str().unwrap_or("")
}

/// A digest as people quote it.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}
