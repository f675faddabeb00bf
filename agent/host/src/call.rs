//! What a run is given: whose it is, its configuration, secrets, grants and limits.
//! Filled by `agent` from an assignment (and by `cli` from a manifest); the host reads it and keeps nothing of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::grant::Effective;
use api::limits::RunLimits;

use crate::backend::Owner;
use crate::secret::Secret;

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

impl Call {
    pub(crate) fn wall(&self) -> Duration {
        Duration::from_millis(u64::from(self.limits.wall_ms))
    }

    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_millis(u64::from(self.limits.cpu_ms))
    }
}
