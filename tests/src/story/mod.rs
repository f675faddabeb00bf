//! Shell: the story that `cargo xtask up` tells with real requests: a release is allowed, started and finished; a
//! broken shop holds the next one, a repaired one lets it go; a freeze holds it until an instant in the tenant's zone;
//! a rollback goes through; the other tenant is untouched and sees nothing. Told by the binary `floorwalker-story` and
//! by the suite `story`; each step fails loudly when it does not come out as told.

mod freeze;
mod gate;
mod page;
mod steps;

use std::{fs, io::Write, path::PathBuf};

use anyhow::Context;

use crate::{
    http::Client,
    parts,
    pipeline::Pipeline,
    push::tag_digest,
    state::{State, Tenant},
};

pub use page::Page;

/// What the steps share.
struct Story<'a> {
    state: &'a State,
    /// The tenant the story is about.
    tenant: Side<'a>,
    /// The other tenant.
    other: Side<'a>,
    shop: Client,
    registry: Client,
    page: Page<'a>,
}

/// A tenant and its ways in.
struct Side<'a> {
    tenant: &'a Tenant,
    pipeline: Pipeline,
    viewer: Client,
}

/// Tells the whole story to a writer.
///
/// # Errors
/// The first step that did not come out as told.
pub async fn tell(state: &State, out: &mut dyn Write) -> anyhow::Result<()> {
    let ca_pem = fs::read_to_string(&state.aggregator.ca_file).context("the CA file")?;
    let [tenant, other, ..] = state.tenants.as_slice() else {
        anyhow::bail!("the story needs two tenants");
    };
    let aggregator = Client::new(&state.aggregator.url, &ca_pem)?;
    let side = |tenant| Side::new(tenant, &aggregator);
    let mut story = Story {
        state,
        tenant: side(tenant),
        other: side(other),
        shop: Client::plain(&state.shop.url)?,
        registry: Client::plain(&state.registry.url)?,
        page: Page::new(out),
    };
    story.page.says(&opening(state, tenant, other));
    let first = steps::first_release(&mut story).await.context("step 1, the first release")?;
    let next = steps::broken_shop(&mut story).await.context("step 2, the broken shop")?;
    steps::repaired_shop(&mut story, &next).await.context("step 3, the repaired shop")?;
    let rule = steps::freeze(&mut story, &next).await.context("step 4, the freeze")?;
    steps::rollback(&mut story, &first).await.context("step 5, the rollback")?;
    steps::other_tenant(&mut story).await.context("step 6, the other tenant")?;
    steps::wrong_token(&mut story, &first).await.context("step 7, the wrong token")?;
    steps::thaw(&mut story, rule, &next).await.context("step 8, the end of the freeze")?;
    story.page.says("\nEvery step came out as told.");
    Ok(())
}

/// Who plays.
fn opening(state: &State, tenant: &Tenant, other: &Tenant) -> String {
    let nodes: Vec<&str> = state.agents.iter().map(|agent| agent.node.as_str()).collect();
    format!(
        "The tenants {} in {} and {} in {}; agents on {}; the gate at {}.",
        tenant.name,
        tenant.time_zone,
        other.name,
        other.time_zone,
        nodes.join(" and "),
        state.aggregator.url
    )
}

impl<'a> Side<'a> {
    fn new(tenant: &'a Tenant, aggregator: &Client) -> Self {
        let viewer = aggregator.with_token(&tenant.tokens.viewer);
        Self { tenant, pipeline: Pipeline::of(aggregator, tenant), viewer }
    }
}

impl Story<'_> {
    /// What a tenant's tag points to now.
    async fn digest_now(&self, tenant: &Tenant) -> anyhow::Result<String> {
        tag_digest(&self.registry, &parts::repository(&tenant.name), parts::TAG).await
    }

    /// Where the story's own rule goes.
    fn rule_file(&self) -> PathBuf {
        PathBuf::from(&self.state.catalogue_dir).join(format!("{}.yaml", freeze::NAME))
    }
}
