//! Shell: the steps of the story, in order. Each says what it does, asks what a pipeline would ask, and fails when the
//! answer is not the one told.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Story, freeze,
    gate::{ask_until, create, roll_out, short},
};
use crate::{image::Image, parts, pipeline::Release, push::push};

const ALLOWED: (&str, &str) = ("allow", "ALLOWED");

/// A first release is allowed, started with its ticket and finished.
pub(super) async fn first_release(story: &mut Story<'_>) -> anyhow::Result<Release> {
    let (tenant, page) = (story.tenant.tenant, &mut story.page);
    page.step(&format!("{}'s checks pass, so its release may go", tenant.name));
    let digest = crate::push::tag_digest(&story.registry, &parts::repository(&tenant.name), parts::TAG).await?;
    let release = create(page, &story.tenant.pipeline, "1.0", &digest).await?;
    let allow = ask_until(page, &story.tenant.pipeline, &release, "deploy", ALLOWED).await?;
    roll_out(page, &story.tenant.pipeline, &release, "deploy", &allow).await?;
    Ok(release)
}

/// The shop no longer confirms orders: the next release waits, and the answer names journey, step and node.
pub(super) async fn broken_shop(story: &mut Story<'_>) -> anyhow::Result<Release> {
    let tenant = story.tenant.tenant;
    story.page.step("The shop no longer confirms orders, so the next release waits");
    set_fault(story, "confirm-refused").await?;
    // A version of its own each time, so that the story can be told twice.
    let image = Image::of(&format!("{} 1.1 {}", tenant.name, Timestamp::now()));
    let repository = parts::repository(&tenant.name);
    let digest = push(&story.registry, &repository, parts::TAG, &image).await?;
    story.page.does(&format!("{repository}:{} now points to {}", parts::TAG, short(&digest)));
    let release = create(&mut story.page, &story.tenant.pipeline, "1.1", &digest).await?;
    let wait =
        ask_until(&mut story.page, &story.tenant.pipeline, &release, "deploy", ("wait", "CHECK_FAILING")).await?;
    let messages = wait.messages();
    let nodes: Vec<&str> = story.state.agents.iter().map(|agent| agent.node.as_str()).collect();
    let names_all = |message: &&str| {
        let names_node = nodes.iter().any(|node| message.contains(node));
        message.contains("confirm") && message.contains(&tenant.namespace) && names_node
    };
    ensure!(messages.iter().any(names_all), "no reason names journey, step and node: {messages:?}");
    Ok(release)
}

/// The shop is repaired, and the release may go.
pub(super) async fn repaired_shop(story: &mut Story<'_>, release: &Release) -> anyhow::Result<()> {
    story.page.step("The shop is repaired, so the release may go");
    set_fault(story, "none").await?;
    ask_until(&mut story.page, &story.tenant.pipeline, release, "deploy", ALLOWED).await?;
    Ok(())
}

/// A rule on disk; gone with the value, so that a story that breaks off freezes nobody.
pub(super) struct Rule(PathBuf);

impl Drop for Rule {
    fn drop(&mut self) {
        // Absent already: the last step removed it.
        let _ = fs::remove_file(&self.0);
    }
}

/// A freeze begins: the release waits until an instant in the tenant's own zone.
pub(super) async fn freeze(story: &mut Story<'_>, release: &Release) -> anyhow::Result<Rule> {
    let tenant = story.tenant.tenant;
    story.page.step("A freeze begins, so the release waits, and the answer says until when");
    let freeze = freeze::around(tenant, Timestamp::now())?;
    let file = story.rule_file();
    place(&file, &freeze.manifest)?;
    let rule = Rule(file);
    story.page.does(&format!("{}.yaml is dropped into the folder of manifests", freeze::NAME));
    let wait = ask_until(&mut story.page, &story.tenant.pipeline, release, "deploy", ("wait", "FROZEN")).await?;
    let next = wait.text("next_allowed_at");
    let instant: Timestamp = next.parse().with_context(|| format!("next_allowed_at is {next:?}"))?;
    ensure!(instant == freeze.ends.timestamp(), "next_allowed_at is {next}, the rule ends at {}", freeze.ends);
    let local = freeze.ends.strftime("%Y-%m-%dT%H:%M").to_string();
    ensure!(next.starts_with(&local), "{next} is not in the tenant's zone, where it is {local}");
    story.page.hears(&format!("next_allowed_at {next} ({})", tenant.time_zone));
    Ok(rule)
}

/// A manifest must never be seen half written: beside it first, then renamed.
fn place(file: &Path, text: &str) -> anyhow::Result<()> {
    let beside = file.with_extension("new");
    fs::write(&beside, text)?;
    Ok(fs::rename(beside, file)?)
}

/// Back to what succeeded: no freeze holds that.
pub(super) async fn rollback(story: &mut Story<'_>, release: &Release) -> anyhow::Result<()> {
    story.page.step(&format!("A rollback to {}, which succeeded here, goes through the freeze", release.name));
    let allow = ask_until(&mut story.page, &story.tenant.pipeline, release, "rollback", ALLOWED).await?;
    roll_out(&mut story.page, &story.tenant.pipeline, release, "rollback", &allow).await
}

/// The other tenant is neither frozen nor slowed.
pub(super) async fn other_tenant(story: &mut Story<'_>) -> anyhow::Result<()> {
    let other = story.other.tenant;
    story.page.step(&format!("{} in {} is untouched", other.name, other.time_zone));
    let digest = story.digest_now(other).await?;
    let release = create(&mut story.page, &story.other.pipeline, "1.0", &digest).await?;
    ask_until(&mut story.page, &story.other.pipeline, &release, "deploy", ALLOWED).await?;
    Ok(())
}

/// With the other tenant's token there is nothing to see: the same bytes as for what never was.
pub(super) async fn wrong_token(story: &mut Story<'_>, release: &Release) -> anyhow::Result<()> {
    let (tenant, other) = (story.tenant.tenant, story.other.tenant);
    story.page.step(&format!("{}'s token sees nothing of {}", other.name, tenant.name));
    story.page.asks(&format!("GET /v1/releases/{}  with {}'s token", release.id, other.name));
    let hidden = story.other.viewer.get(&format!("/v1/releases/{}", release.id)).await?;
    let absent = story.other.viewer.get("/v1/releases/00000000-0000-4000-8000-000000000000").await?;
    ensure!(hidden.status == 404, "{} instead of 404: {}", hidden.status, hidden.text());
    ensure!(
        hidden.body == absent.body,
        "a hidden release answers otherwise than none: {} and {}",
        hidden.text(),
        absent.text()
    );
    story.page.hears(&format!("404 {}", hidden.text().trim()));
    Ok(())
}

/// The rule goes, and what waited may go.
pub(super) async fn thaw(story: &mut Story<'_>, rule: Rule, release: &Release) -> anyhow::Result<()> {
    story.page.step("The freeze is lifted, so what waited may go");
    drop(rule);
    story.page.does("the rule is removed from the folder of manifests");
    let allow = ask_until(&mut story.page, &story.tenant.pipeline, release, "deploy", ALLOWED).await?;
    roll_out(&mut story.page, &story.tenant.pipeline, release, "deploy", &allow).await
}

/// Switches what the tenant's shop does wrong.
async fn set_fault(story: &mut Story<'_>, fault: &str) -> anyhow::Result<()> {
    let tenant = story.tenant.tenant;
    let path = format!("/__stand-in/faults/{}", tenant.name);
    let answer = story.shop.put(&path, &json!({"fault": fault})).await?;
    ensure!(answer.status == 200, "the shop answers {}", answer.status);
    story.page.does(&format!("the shop of {} is told: fault {fault}", tenant.name));
    Ok(())
}
