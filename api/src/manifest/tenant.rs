//! Tenant: a retailer, brand or business unit, with what is bound to it. A platform object, never in a namespace.

use serde::{Deserialize, Serialize};

use super::envelope::Metadata;
use super::kind::{Kind, too_many, twice};
use super::refusal::{Fault, KindName};
use super::zone;
use crate::grant::{AddressRange, Origin, PathPattern};
use crate::id::{EnvironmentName, Namespace, ObjectName, ServiceName};
use crate::limits::RunLimits;
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

/// Locations of a tenant: a country's store groups, not its stores.
const LOCATIONS_MAX: usize = 256;
/// Environments of a tenant: a promotion order has five, a large house one for each of its partners beside.
const ENVIRONMENTS_MAX: usize = 32;
/// Namespaces of an environment, and services of a tenant: a shop cut into small services has a hundred.
const NAMES_MAX: usize = 256;
/// Entries of one list of the ceiling: four times what one check may be granted; a star covers the hosts of a domain.
const CEILING_MAX: usize = 256;
/// Checks a ceiling may allow: 50 on a node are planned for, and most run on every node.
const CHECKS_MAX: u32 = 5_000;

impl Kind for Spec {
    const NAME: KindName = KindName::Tenant;

    fn validate(&self, metadata: &Metadata) -> Vec<Fault> {
        let mut faults = vec![];
        if metadata.namespace.is_some() {
            faults.push(Fault::new(
                "metadata.namespace",
                "a Tenant is the platform's and has no namespace",
                "remove it",
            ));
        }
        faults.extend(zone::fault("spec.timeZone", &self.time_zone));
        faults.extend(self.location_faults());
        faults.extend(self.environment_faults());
        faults.extend(too_many("spec.services", self.services.len(), NAMES_MAX));
        faults.extend(twice("spec.services", self.services.iter().map(ServiceName::as_str)));
        faults.extend(self.ceiling.faults());
        faults
    }

    fn columns(&self) -> Vec<(&'static str, String)> {
        let environments: Vec<_> = self.environments.iter().map(|environment| environment.name.as_str()).collect();
        vec![("TIME ZONE", self.time_zone.clone()), ("ENVIRONMENTS", environments.join(","))]
    }
}

impl Spec {
    fn location_faults(&self) -> Vec<Fault> {
        let mut faults = twice("spec.locations", self.locations.iter().map(|location| location.name.as_str()));
        faults.extend(too_many("spec.locations", self.locations.len(), LOCATIONS_MAX));
        for (index, location) in self.locations.iter().enumerate() {
            faults.extend(zone::fault(&format!("spec.locations[{index}].timeZone"), &location.time_zone));
        }
        faults
    }

    fn environment_faults(&self) -> Vec<Fault> {
        let field = "spec.environments";
        let mut faults = twice(field, self.environments.iter().map(|environment| environment.name.as_str()));
        faults.extend(too_many(field, self.environments.len(), ENVIRONMENTS_MAX));
        if self.environments.is_empty() {
            faults.push(Fault::new(field, "is empty", "name at least one environment"));
        }
        let mut seen = std::collections::BTreeSet::new();
        for (index, environment) in self.environments.iter().enumerate() {
            let field = format!("{field}[{index}].namespaces");
            faults.extend(too_many(&field, environment.namespaces.len(), NAMES_MAX));
            for (index, namespace) in environment.namespaces.iter().enumerate() {
                if !seen.insert(namespace) {
                    let message = format!("`{namespace}` is bound twice in this tenant");
                    faults.push(Fault::new(format!("{field}[{index}]"), message, "bind it to one environment"));
                }
            }
        }
        faults
    }
}

impl Ceiling {
    fn faults(&self) -> Vec<Fault> {
        let Self { http, addresses, node_files, memory: _, cpu: _, checks: _ } = self;
        let lists = [("http", http.len()), ("addresses", addresses.len()), ("nodeFiles", node_files.len())];
        let too_long =
            lists.iter().filter_map(|(key, count)| too_many(&format!("spec.ceiling.{key}"), *count, CEILING_MAX));
        let mut faults: Vec<_> = too_long.collect();
        let most = ByteSize(RunLimits::CEILING.memory_bytes);
        if self.memory < ByteSize(1 << 20) || self.memory > most {
            let message = format!("{} is outside 1Mi to {most}", self.memory);
            faults.push(Fault::new("spec.ceiling.memory", message, format!("write 1Mi to {most}")));
        }
        let most = Span(std::time::Duration::from_millis(RunLimits::CEILING.cpu_ms.into()));
        if self.cpu.0.is_zero() || self.cpu > most {
            let message = format!("{} is outside 1ms to {most}", self.cpu);
            faults.push(Fault::new("spec.ceiling.cpu", message, format!("write 1ms to {most}")));
        }
        if self.checks > CHECKS_MAX {
            let message = format!("{} is over {CHECKS_MAX}", self.checks);
            faults.push(Fault::new("spec.ceiling.checks", message, format!("write {CHECKS_MAX} or less")));
        }
        faults
    }
}
