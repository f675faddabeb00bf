//! How checks stand: what is wanted, where it is placed and what was last known, as one document. Used by
//! `http/checks` for readers, and by the gate's snapshot through [`Standing`].

use std::collections::BTreeMap;

use api::catalogue::Check as Wanted;
use api::http::check::{Check, CheckState, NodeState};
use api::manifest::release_policy::SHARE_DEFAULT;

use super::stale::{Rhythm, node_state, share};
use crate::authn::AgentKey;
use crate::instant::rfc3339;
use crate::placement::Plan;
use crate::store::check::Last;

/// A check over its intended nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing<'a> {
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// The intended nodes, in order.
    pub nodes: Vec<Node<'a>>,
}

/// A check on one intended node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// The node.
    pub key: &'a AgentKey,
    /// Its verdict.
    pub state: CheckState,
    /// What was last known.
    pub last: Option<&'a Last>,
}

/// Brings together what the plan intends for a check and what is last known of it. `last` may hold other checks and
/// nodes too; what no longer is intended does not count.
pub fn standing<'a>(plan: &'a Plan, wanted: &'a Wanted, last: &'a [Last], now_ms: i64) -> Standing<'a> {
    let spec = &wanted.manifest.spec;
    let rhythm = Rhythm { interval: spec.run_interval.0, timeout: spec.timeout.0 };
    let known: BTreeMap<&AgentKey, &Last> =
        last.iter().filter(|last| last.check == wanted.id).map(|last| (&last.agent, last)).collect();
    let nodes = plan.nodes_of(wanted.id).map(|key| {
        let last = known.get(key).copied();
        Node { key, state: node_state(last, rhythm, now_ms), last }
    });
    Standing { wanted, nodes: nodes.collect() }
}

impl Standing<'_> {
    /// As readers see it; its verdict asks for the share of a release policy that names none.
    pub fn document(&self) -> Check {
        let (metadata, spec) = (&self.wanted.manifest.metadata, &self.wanted.manifest.spec);
        let states: Vec<CheckState> = self.nodes.iter().map(|node| node.state).collect();
        Check {
            id: self.wanted.id,
            tenant: self.wanted.tenant.as_ref().map(ToString::to_string),
            environment: self.wanted.environment.as_ref().map(ToString::to_string),
            namespace: metadata.namespace.as_ref().map(ToString::to_string),
            name: metadata.name.to_string(),
            service: spec.service.as_ref().map(ToString::to_string),
            labels: metadata.labels.clone(),
            plugin: self.wanted.plugin.name.to_string(),
            layer: spec.layer,
            interval_s: spec.run_interval.0.as_secs_f64(),
            state: policy::verdict(&states, SHARE_DEFAULT),
            share: share(&states),
            nodes: self.nodes.iter().map(Node::document).collect(),
            runs: None,
            left: vec![],
        }
    }
}

impl Node<'_> {
    fn document(&self) -> NodeState {
        let run = self.last.and_then(|last| last.run.as_ref());
        NodeState {
            node: self.key.node.to_string(),
            state: self.state,
            status: run.map(|run| run.status),
            reason: run.and_then(|run| run.reason),
            summary: run.and_then(|run| run.summary.clone()),
            failed_step: run.and_then(|run| run.failed_step.clone()),
            observed_at: run.map(|run| rfc3339(run.at_ms)),
            problem: self.last.is_some_and(|last| last.problem),
        }
    }
}
