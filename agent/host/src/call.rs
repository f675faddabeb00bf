//! What a run is given: whose it is, its configuration, grants and limits, and what answers its capability calls.
//! Filled by `agent` from an assignment (and by `cli` from a manifest); the host reads it and keeps nothing of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::grant::Effective;
use api::limits::RunLimits;

use crate::capability::ledger::LedgerBackend;
use crate::capability::node::NodeBackend;
use crate::capability::secrets::Secret;
use crate::capability::state::StateBackend;
use crate::net::Dialer;

/// Whose state, ledger and connections these are. Two checks never share any of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// Name of the tenant; empty for the platform's.
    pub tenant: String,
    /// Id of the check.
    pub check: String,
}

/// Asked once, when a run has its slot and its memory and nothing of it has run yet: whether it may still begin, or why
/// not. The wait for the node may be longer than what the run was asked for under, such as a lease.
pub type MayBegin = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// One run.
pub struct Call {
    /// Whose it is.
    pub owner: Owner,
    /// UUIDv5 of check and instant, as text.
    pub run_id: String,
    /// When it was due, in milliseconds since 1970-01-01 UTC.
    pub scheduled_at_ms: u64,
    /// The check's `config`, a JSON object that satisfies the plugin's schema.
    pub config_json: String,
    /// Values of the check's secrets, by the name the plugin uses. Those without a value now are left out.
    pub secrets: BTreeMap<String, Secret>,
    /// What it may touch.
    pub grants: Effective,
    /// What it may use.
    pub limits: RunLimits,
    /// `traceparent` of its requests (W3C Trace Context), so that the target's traces show them.
    pub trace_parent: Option<String>,
    /// Whether it may still begin once the node has room for it; none: it may.
    pub may_begin: Option<MayBegin>,
}

/// What answers capability calls, shared by all runs of a process.
#[derive(Clone)]
pub struct Backends {
    /// The small store of each check.
    pub state: Arc<dyn StateBackend>,
    /// The node it runs on.
    pub node: Arc<dyn NodeBackend>,
    /// What journeys made at their targets.
    pub ledger: Arc<dyn LedgerBackend>,
    /// The way to the network.
    pub dialer: Arc<Dialer>,
}

/// Why a backend could not answer. The message reaches the plugin's author: no path, no secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// A bound of the store is reached.
    #[error("{0}")]
    Full(String),
    /// What was asked for is not there.
    #[error("{0}")]
    Missing(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl Call {
    pub(crate) fn wall(&self) -> Duration {
        Duration::from_millis(u64::from(self.limits.wall_ms))
    }

    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_millis(u64::from(self.limits.cpu_ms))
    }
}
