//! A plugin, as far as an agent has to know it: its component by digest, and what it says it is.

use serde::{Deserialize, Serialize};

use crate::id::{Digest, ObjectName};

/// A component by digest. Its bytes come from `GET /v1/agent/plugins/{sha256}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRef {
    /// SHA-256 of the component's bytes.
    pub digest: Digest,
    /// The plugin's name, for people and metrics.
    pub name: ObjectName,
    /// What it says it is.
    pub kind: ContractKind,
}

/// What a plugin says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContractKind {
    /// Looks at a target.
    Probe,
    /// A synthetic transaction; exports clean-up.
    Journey,
    /// Declared against live.
    Drift,
    /// Evidence before a deployment.
    Predeploy,
}
