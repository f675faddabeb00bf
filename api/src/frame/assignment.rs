//! What one agent has to run: everything a run needs but secrets' values and component bytes.
//! Made by the aggregator's placement (or by a standalone agent from its folder), kept on the agent's disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::plugin::PluginRef;
use crate::grant::Effective;
use crate::id::{CheckId, EnvironmentName, Namespace, ObjectName, ServiceName, TenantName};
use crate::limits::RunLimits;

/// Everything assigned to one node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Assignments {
    /// Changes when anything below changes; the agent asks with it (`If-None-Match`).
    pub etag: String,
    /// Checks, sorted by id.
    pub checks: Vec<Assignment>,
    /// Components those checks need, sorted by digest.
    pub plugins: Vec<PluginRef>,
}

/// One check on one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The check.
    pub check_id: CheckId,
    /// Its tenant; absent for a platform check.
    pub tenant: Option<TenantName>,
    /// Its namespace; absent for a platform check.
    pub namespace: Option<Namespace>,
    /// Its name.
    pub name: ObjectName,
    /// The environment its namespace belongs to.
    pub environment: Option<EnvironmentName>,
    /// The service it speaks of.
    pub service: Option<ServiceName>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Digest of the component, one of `Assignments::plugins`.
    pub plugin: crate::id::Digest,
    /// `config` as JSON, already held against the plugin's schema.
    pub config: serde_json::Value,
    /// Secrets it may use.
    pub secrets: Vec<SecretRef>,
    /// What it may touch.
    pub grants: Effective,
    /// What a run may use.
    pub limits: RunLimits,
    /// Interval, in milliseconds.
    pub interval_ms: u64,
    /// Timeout of a run, in milliseconds; also `limits.wall_ms`.
    pub timeout_ms: u64,
    /// Whether a run needs a lease because it changes its target.
    pub mutating: bool,
    /// When results become a problem.
    pub alert: Alert,
    /// What it speaks of.
    pub layer: Layer,
    /// What is probed, for the metric label `target`.
    pub target: String,
    /// Version of the manifest this came from: a change of it starts the check's history of M-of-N anew.
    pub version: String,
}

/// A secret by name, and a hash that changes with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRef {
    /// The name the plugin uses.
    pub name: String,
    /// Changes when the value changes; says nothing of it (HMAC under a key of the aggregator). Absent: no value now.
    pub version: Option<String>,
}

/// M-of-N: `failures` of the last `of` runs open a problem, `recover` passes in a row close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Alert {
    /// M.
    pub failures: u8,
    /// N, at most 21.
    pub of: u8,
    /// Passes in a row that close the problem.
    pub recover: u8,
}

impl Default for Alert {
    fn default() -> Self {
        Self { failures: 3, of: 5, recover: 2 }
    }
}

/// Which part of the house a check speaks of.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Nodes, ingress, registry.
    Platform,
    /// Odoo, PostgreSQL, Redis.
    #[default]
    Application,
    /// Orders, reservations, payments.
    Business,
}

impl Layer {
    /// The word used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Application => "application",
            Self::Business => "business",
        }
    }
}
