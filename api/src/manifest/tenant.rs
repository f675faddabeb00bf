//! Tenant: a retailer, brand or business unit, with what is bound to it. A platform object, never in a namespace.

use serde::{Deserialize, Serialize};

use crate::grant::{AddressRange, Origin, PathPattern};
use crate::id::{EnvironmentName, Namespace, ObjectName, ServiceName};
use crate::quantity::{ByteSize, Span};

/// What a tenant is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// IANA time zone; abbreviations such as CET are refused.
    pub time_zone: String,
    /// Regions, units, store groups with zones of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// How much depends on it.
    #[serde(default)]
    pub tier: Tier,
    /// Whether it shares nodes with others.
    #[serde(default)]
    pub tenancy: Tenancy,
    /// Environments in promotion order, the most protected last.
    pub environments: Vec<Environment>,
    /// Services that are released.
    pub services: Vec<ServiceName>,
    /// What its checks may be granted at most.
    #[serde(default)]
    pub ceiling: Ceiling,
}

/// A place with a zone of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Location {
    /// Its name.
    pub name: ObjectName,
    /// Region, such as `emea`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Business unit, such as `stores`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// IANA time zone.
    pub time_zone: String,
}

/// How much depends on a tenant or a check.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Revenue stops with it.
    Critical,
    /// The usual.
    #[default]
    Standard,
    /// Can wait.
    Low,
}

/// Whether a tenant shares nodes. `dedicated` needs node labels and comes with Kubernetes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tenancy {
    /// Shares nodes.
    #[default]
    Shared,
}

/// An environment and the namespaces that hold its checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Namespaces bound to it; one claimed twice belongs to nobody.
    pub namespaces: Vec<Namespace>,
}

/// The most that checks of a tenant may be granted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ceiling {
    /// Origins.
    pub http: Vec<Origin>,
    /// Ranges outside public unicast.
    pub addresses: Vec<AddressRange>,
    /// Files of nodes.
    pub node_files: Vec<PathPattern>,
    /// Memory of a run.
    pub memory: ByteSize,
    /// CPU time of a run.
    pub cpu: Span,
    /// Checks the tenant may have.
    pub checks: u32,
}

impl Default for Ceiling {
    fn default() -> Self {
        Self {
            http: vec![],
            addresses: vec![],
            node_files: vec![],
            memory: ByteSize(64 << 20),
            cpu: Span(std::time::Duration::from_secs(2)),
            checks: 200,
        }
    }
}
