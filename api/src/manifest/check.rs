//! Check: one plugin with a configuration, run again and again. Its tenant and environment come from its namespace.

use serde::{Deserialize, Serialize};

use super::tenant::Tier;
use crate::frame::{Alert, Layer};
use crate::grant::GrantSet;
use crate::id::{ObjectName, ServiceName};
use crate::quantity::Span;

/// What a check is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The plugin, looked up in the check's namespace, then the platform's.
    pub plugin: ObjectName,
    /// The service it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// Held against the plugin's schema when the check is admitted.
    #[serde(default = "empty_object")]
    pub config: serde_json::Value,
    /// Secrets by the name the plugin uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// What it may touch, within the tenant's ceiling.
    #[serde(default)]
    #[schemars(with = "GrantSetSchema")]
    pub grants: GrantSet,
    /// How often; 5 s at least.
    pub run_interval: Span,
    /// How long a run may take; at most 60 s and at most the interval.
    pub timeout: Span,
    /// Where it runs.
    #[serde(default)]
    pub placement: Placement,
    /// Whether a run changes its target: it then runs under a lease.
    #[serde(default)]
    pub mutating: bool,
    /// When results become a problem.
    #[serde(default)]
    pub alert: Alert,
    /// How much depends on it.
    #[serde(default)]
    pub tier: Tier,
    /// What it speaks of.
    #[serde(default)]
    pub layer: Layer,
}

fn empty_object() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

/// The schema of `grants`, beside the type that the host reads too.
#[derive(schemars::JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct GrantSetSchema {
    /// Origins that `http` may ask.
    #[schemars(default)]
    http: Vec<crate::grant::Origin>,
    /// Files of the node that `node` may read.
    #[schemars(default)]
    node_files: Vec<crate::grant::PathPattern>,
}

/// A secret and where its value is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secret {
    /// The name the plugin uses.
    pub name: ObjectName,
    /// Where the value is.
    pub from: SecretSource,
}

/// A key of a Secret in the check's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretSource {
    /// The Secret.
    pub secret: ObjectName,
    /// Its key: letters, digits, `-`, `_` and `.`.
    pub key: String,
}

/// Where a check runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Placement {
    /// On every node, or on one.
    pub mode: PlacementMode,
}

/// How many nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub enum PlacementMode {
    /// Every node that has an agent.
    #[default]
    EveryNode,
    /// One node, moved when its agent is silent.
    Once,
}
