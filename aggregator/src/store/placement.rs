//! Where checks were and are intended to run. Read at start and by ingest.

use api::id::{CheckId, TenantName};

use super::StoreError;
use crate::authn::AgentKey;
use crate::authz::{AgentScope, PlatformScope};

/// A check intended for a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// The check's tenant; none for the platform's own.
    pub tenant: Option<TenantName>,
    /// The check.
    pub check: CheckId,
    /// The node.
    pub agent: AgentKey,
}

/// Reads of placements.
pub trait PlacementRead {
    /// Every placement that holds now.
    ///
    /// # Errors
    /// The store cannot be read.
    fn placements(&self, scope: &PlatformScope) -> Result<Vec<Placed>, StoreError>;

    /// Checks that are or were placed on the agent's node since `since_ms`, with their owners.
    ///
    /// # Errors
    /// The store cannot be read.
    fn placements_of(
        &self,
        scope: &AgentScope,
        since_ms: i64,
    ) -> Result<Vec<(CheckId, Option<TenantName>)>, StoreError>;
}
