//! How checks stand: what is wanted, where it is placed and what was last known, as one document. Used by
//! `http/checks` for readers, and by the gate's snapshot through [`Standing`].

use std::collections::BTreeMap;

use api::catalogue::Check as Wanted;
use api::http::check::{Check, CheckState, NodeState};

use super::stale::{Rhythm, check_state, node_state, share};
use crate::authn::AgentKey;
use crate::instant::rfc3339;
use crate::placement::Plan;
use crate::store::check::Last;

/// The share readers' verdicts rest on: the default of a release policy, in percent.
const SHARE_MIN: f64 = 95.0;

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
    /// The verdict, given the share of nodes that must pass, in percent.
    pub fn state(&self, share_min: f64) -> CheckState {
        check_state(&self.states(), share_min)
    }

    /// Share of the intended nodes that pass, in percent.
    pub fn share(&self) -> f64 {
        share(&self.states())
    }

    fn states(&self) -> Vec<CheckState> {
        self.nodes.iter().map(|node| node.state).collect()
    }

    /// As readers see it; its verdict asks for [`SHARE_MIN`].
    pub fn document(&self) -> Check {
        let (metadata, spec) = (&self.wanted.manifest.metadata, &self.wanted.manifest.spec);
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
            state: self.state(SHARE_MIN),
            share: self.share(),
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
