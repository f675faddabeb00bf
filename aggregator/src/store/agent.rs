//! Agents as stored: when they were heard, and their plugins. Read at start, by ingest and by `fleet`.

use api::frame::{Epoch, PluginStatus};

use super::StoreError;
use super::batch::Mark;
use crate::authn::AgentKey;
use crate::authz::{AgentScope, PlatformScope, Reach};

/// A stored agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAgent {
    /// Which.
    pub key: AgentKey,
    /// When it was last heard, in milliseconds since 1970 UTC, to within the flush period.
    pub heard_at_ms: i64,
}

/// Reads of agents.
pub trait AgentRead {
    /// Every agent that is not forgotten.
    ///
    /// # Errors
    /// The store cannot be read.
    fn agents(&self, scope: &PlatformScope) -> Result<Vec<StoredAgent>, StoreError>;

    /// Every plugin's state on every node. The rows name no tenant: the reader shows those its own checks need.
    ///
    /// # Errors
    /// The store cannot be read.
    fn agent_plugins(&self, reach: &Reach) -> Result<Vec<(AgentKey, PluginStatus)>, StoreError>;

    /// How far an epoch of this agent was taken.
    ///
    /// # Errors
    /// The store cannot be read.
    fn spool_mark(&self, scope: &AgentScope, epoch: &Epoch) -> Result<Option<Mark>, StoreError>;
}
