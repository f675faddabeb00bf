//! Shell: `GET /v1/nodes`: nodes and their agents; a tenant sees those where its own checks run, and of them only what
//! its own checks need.

use std::collections::{BTreeMap, BTreeSet};

use api::catalogue::Check;
use api::frame::PluginStatus;
use api::http::list::Page;
use api::http::node::{AgentState, Node, NodePlugin};
use api::id::Digest;
use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::error::Failure;
use super::extract::{Caller, NoQuery};
use crate::authn::AgentKey;
use crate::authz::{Operation, Reach};
use crate::instant::rfc3339;
use crate::placement::agents::Seen;
use crate::store::agent::AgentRead as _;

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Nodes that the caller may see: where its checks run.
#[utoipa::path(get, path = "/v1/nodes", tag = "checks", responses(
    (status = 200, description = "The nodes", body = Page<Node>)))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    _: NoQuery,
) -> Result<Json<Page<Node>>, Failure> {
    let reach = api.reach(&principal, Operation::ReadNodes).await?;
    let within = reach.clone();
    let plugins = api.store.read(move |view| view.agent_plugins(&within)).await?;
    let mut states: BTreeMap<AgentKey, Vec<PluginStatus>> = BTreeMap::new();
    for (key, status) in plugins {
        states.entry(key).or_default().push(status);
    }
    let plan = api.plan()?;
    let own = |check: &&Check| match &reach {
        Reach::All(_) => true,
        Reach::Own(scope) => check.tenant.as_ref() == scope.tenant(),
    };
    let seen = api.placement.agents().seen(api.clock.boot());
    let node = |seen: &Seen| {
        let checks: Vec<&Check> = plan.checks_on(&seen.key).filter(own).collect();
        let hidden = checks.is_empty() && matches!(reach, Reach::Own(_));
        (!hidden).then(|| document(seen, &checks, states.get(&seen.key).map_or(&[], Vec::as_slice)))
    };
    Ok(Json(Page { items: seen.iter().filter_map(node).collect(), next: None }))
}

fn document(seen: &Seen, checks: &[&Check], states: &[PluginStatus]) -> Node {
    let needed: BTreeSet<(&str, &Digest)> =
        checks.iter().map(|check| (check.plugin.name.as_str(), &check.plugin.digest)).collect();
    let plugins = needed.into_iter().filter_map(|(name, digest)| {
        let status = states.iter().find(|status| status.digest == *digest)?;
        let (state, message) = (status.state, status.message.clone());
        Some(NodePlugin { name: name.to_owned(), digest: digest.to_string(), state, message })
    });
    Node {
        cluster: seen.key.cluster.to_string(),
        node: seen.key.node.to_string(),
        state: if seen.live { AgentState::Live } else { AgentState::Silent },
        heard_at: rfc3339(seen.heard_at_ms),
        checks: u32::try_from(checks.len()).unwrap_or(u32::MAX),
        plugins: plugins.collect(),
    }
}
