//! The last known of a check on each node. Read by `fleet/checks` for readers and for the gate.

use api::id::CheckId;
use api::result::{Evidence, Reason, Status};

use super::StoreError;
use crate::authn::AgentKey;
use crate::authz::TenantScope;

/// The last known of a check on a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// The check.
    pub check: CheckId,
    /// The node.
    pub agent: AgentKey,
    /// The last run; none while only a problem or nothing was reported.
    pub run: Option<Run>,
    /// Whether a problem is open.
    pub problem: bool,
}

/// A run, as far as a verdict needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// When it was, in milliseconds since 1970 UTC: received − age.
    pub at_ms: i64,
    /// Its status.
    pub status: Status,
    /// Its reason.
    pub reason: Option<Reason>,
    /// One line.
    pub summary: Option<String>,
    /// The step that failed.
    pub failed_step: Option<String>,
    /// Its evidence.
    pub evidence: Vec<Evidence>,
}

/// Reads of checks.
pub trait CheckRead {
    /// The last known of every check of the tenant.
    ///
    /// # Errors
    /// The store cannot be read.
    fn check_last_all(&self, scope: &TenantScope) -> Result<Vec<Last>, StoreError>;

    /// The last known of one check.
    ///
    /// # Errors
    /// The store cannot be read.
    fn check_last(&self, scope: &TenantScope, check: CheckId) -> Result<Vec<Last>, StoreError>;
}
