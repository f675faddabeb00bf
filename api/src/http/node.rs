//! Nodes as readers see them: `GET /v1/nodes`.

use serde::{Deserialize, Serialize};

use crate::frame::PluginState;

/// A node that has, or had, an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Node {
    /// The cluster.
    pub cluster: String,
    /// The node.
    pub node: String,
    /// Whether its agent was heard within 45 s.
    pub state: AgentState,
    /// When it was last heard, RFC 3339 in UTC.
    pub heard_at: String,
    /// Checks placed on it that the reader may see.
    pub checks: u32,
    /// Plugins those checks need, as they stand there.
    pub plugins: Vec<NodePlugin>,
}

/// Whether an agent speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    /// Heard within 45 s.
    Live,
    /// Not heard for longer.
    Silent,
}

/// A plugin on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodePlugin {
    /// Its name.
    pub name: String,
    /// Its component.
    pub digest: String,
    /// Where it stands.
    pub state: PluginState,
    /// Why, when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
