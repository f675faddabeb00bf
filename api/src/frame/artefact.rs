//! A component an agent has to fetch.

use serde::{Deserialize, Serialize};

use super::assignment::ContractKind;
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
