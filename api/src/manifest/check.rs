//! Check: one plugin with a configuration, run again and again. Its tenant and environment come from its namespace.

use serde::{Deserialize, Serialize};

use super::envelope::Metadata;
use super::kind::{Kind, too_many, twice};
use super::refusal::{Fault, KindName};
use super::tenant::Tier;
use crate::frame::{Alert, Layer};
use crate::grant::GrantSet;
use crate::id::{ObjectName, ServiceName};
use crate::limits::{INTERVAL_MIN, RunLimits};
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

/// The longest interval: beyond a day a missed run is noticed too late for a gate.
const INTERVAL_MAX: Span = Span(std::time::Duration::from_hours(24));
/// Runs an alert may look back on: Nagios's window for flapping.
const ALERT_RUNS_MAX: u8 = 21;
/// Secrets of a check: a user, a key and a certificate for each of five systems of a journey.
const SECRETS_MAX: usize = 16;
/// Entries of one list of `grants`: a baseline of a node names fifty files, or `/**` below a few folders.
const GRANTS_MAX: usize = 64;
/// A Secret's key, as Kubernetes limits it.
const KEY_BYTES_MAX: usize = 253;

impl Kind for Spec {
    const NAME: KindName = KindName::Check;

    fn validate(&self, _: &Metadata) -> Vec<Fault> {
        let mut faults = self.time_faults();
        faults.extend(self.alert_faults());
        faults.extend(self.secret_faults());
        let GrantSet { http, node_files } = &self.grants;
        faults.extend(too_many("spec.grants.http", http.len(), GRANTS_MAX));
        faults.extend(too_many("spec.grants.nodeFiles", node_files.len(), GRANTS_MAX));
        if !self.config.is_object() {
            faults.push(Fault::new("spec.config", "is not a map", "write a map, or leave it out"));
        }
        if self.mutating && self.placement.mode != PlacementMode::Once {
            let message = "a mutating check runs on one node at a time";
            faults.push(Fault::new("spec.placement.mode", message, "write placement: {mode: Once}"));
        }
        faults
    }

    fn columns(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PLUGIN", self.plugin.to_string()),
            ("INTERVAL", self.run_interval.to_string()),
            ("TIMEOUT", self.timeout.to_string()),
        ]
    }
}

impl Spec {
    fn time_faults(&self) -> Vec<Fault> {
        let least = Span(INTERVAL_MIN);
        let most = Span(std::time::Duration::from_millis(RunLimits::CEILING.wall_ms.into()));
        let mut faults = vec![];
        let mut over = |field: &str, value: Span, bound: Span| {
            faults.push(Fault::new(field, format!("{value} is over {bound}"), format!("write {bound} or less")));
        };
        if self.run_interval > INTERVAL_MAX {
            over("spec.runInterval", self.run_interval, INTERVAL_MAX);
        }
        if self.timeout > most {
            over("spec.timeout", self.timeout, most);
        } else if self.timeout > self.run_interval {
            over("spec.timeout", self.timeout, self.run_interval);
        }
        if self.run_interval < least {
            let message = format!("{} is under {least}", self.run_interval);
            faults.push(Fault::new("spec.runInterval", message, format!("write {least} or more")));
        }
        if self.timeout.0.is_zero() {
            faults.push(Fault::new("spec.timeout", "is zero", "write how long a run may take, such as 10s"));
        }
        faults
    }

    fn alert_faults(&self) -> Vec<Fault> {
        let Alert { failures, of, recover } = self.alert;
        let mut faults = vec![];
        if failures == 0 || failures > of || of > ALERT_RUNS_MAX {
            let message = format!("{failures} failures of {of} runs");
            let remedy = format!("write 1 to {ALERT_RUNS_MAX} for `of`, and `failures` from 1 to `of`");
            faults.push(Fault::new("spec.alert", message, remedy));
        }
        if recover == 0 || recover > ALERT_RUNS_MAX {
            faults.push(Fault::new(
                "spec.alert.recover",
                format!("is {recover}"),
                format!("write 1 to {ALERT_RUNS_MAX}"),
            ));
        }
        faults
    }

    fn secret_faults(&self) -> Vec<Fault> {
        let mut faults = twice("spec.secrets", self.secrets.iter().map(|secret| secret.name.as_str()));
        faults.extend(too_many("spec.secrets", self.secrets.len(), SECRETS_MAX));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        for (index, secret) in self.secrets.iter().enumerate() {
            let key = &secret.from.key;
            if key.is_empty() || key.len() > KEY_BYTES_MAX || !key.chars().all(plain) || key.starts_with('.') {
                let remedy = "write letters, digits, `-`, `_` and `.`, not beginning with `.`";
                faults.push(Fault::new(format!("spec.secrets[{index}].from.key"), "is not a Secret's key", remedy));
            }
        }
        faults
    }
}
