//! Checks as readers see them: `GET /v1/checks`, `GET /v1/checks/{id}`, `GET /v1/checks/{id}/results`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::frame::Layer;
use crate::result::{CheckResult, Reason, Status};

/// Verdict over the nodes of a check, or of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// Passing (a warning passes).
    Passing,
    /// The target is broken.
    Failing,
    /// Too long since the last run.
    Stale,
    /// Never ran.
    Missing,
    /// The prober's own trouble.
    Unknown,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Check {
    /// Its id.
    #[schema(value_type = String)]
    pub id: crate::id::CheckId,
    /// Its tenant; absent for a platform check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The service it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its plugin.
    pub plugin: String,
    /// What it speaks of.
    pub layer: Layer,
    /// Interval, in seconds.
    pub interval_s: f64,
    /// Verdict over its nodes.
    pub state: CheckState,
    /// Share of intended nodes that pass, in percent.
    pub share: f64,
    /// Nodes, those intended.
    pub nodes: Vec<NodeState>,
    /// Its runs within the last hour; only where one check is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<Runs>,
    /// What its runs made at the target and is not known to be gone; only where one check is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LedgerEntry>,
}

/// Runs of a check over all of its nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Runs {
    /// Counted from here on, RFC 3339 in UTC.
    pub since: String,
    /// All of them.
    pub total: u64,
    /// By status.
    pub by_status: BTreeMap<String, u64>,
    /// By reason.
    pub by_reason: BTreeMap<String, u64>,
    /// Half of them took at most this, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms_p50: Option<f64>,
    /// 95 of 100 took at most this, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms_p95: Option<f64>,
}

/// An object that a journey made, or was about to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LedgerEntry {
    /// The node whose run made it.
    pub node: String,
    /// What it is.
    pub kind: String,
    /// The journey's name of it.
    pub key: String,
    /// The target's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `intent`, `created` or `left`.
    pub state: String,
    /// Since when it is so, RFC 3339 in UTC.
    pub at: String,
}

/// A check on one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeState {
    /// The node.
    pub node: String,
    /// Its verdict.
    pub state: CheckState,
    /// Status of the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Its summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The step that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_step: Option<String>,
    /// When it ran, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<String>,
    /// Whether a problem is open.
    pub problem: bool,
}

/// A stored result: a transition or a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StoredResult {
    /// The node.
    pub node: String,
    /// When the run was, RFC 3339 in UTC: received − age.
    pub observed_at: String,
    /// When it was stored.
    pub received_at: String,
    /// The result.
    pub result: CheckResult,
}
