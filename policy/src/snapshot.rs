//! All a decision sees. The gate gathers it in one read; whatever is not here has no influence on the answer.

use std::collections::BTreeMap;

use api::frame::Layer;
use api::http::check::CheckState;
use api::id::{Digest, ObjectName, ServiceName, TenantName};
use api::manifest::freeze_rule;
use api::manifest::release_policy::{self, Class};
use api::manifest::tenant::{Location, Tier};
use api::result::Evidence;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Everything about one tenant, environment and service at one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The tenant.
    pub tenant: TenantNow,
    /// The platform's freeze rules and the tenant's own.
    pub rules: Vec<Owned<freeze_rule::Spec>>,
    /// The platform's release policies and the tenant's own.
    pub policies: Vec<Owned<release_policy::Spec>>,
    /// Rules and policies of this tenant or the platform that never parsed.
    pub broken: Vec<Broken>,
    /// The checks of this tenant and environment, as they stand now.
    pub checks: Vec<CheckNow>,
    /// The release this subject was registered as.
    pub release: Option<Released>,
    /// What succeeded in this environment and service.
    pub succeeded: Vec<Succeeded>,
    /// Classes the asking credential names.
    pub classes: Vec<Class>,
}

/// The tenant as its manifest says.
#[derive(Clone, Debug)]
pub struct TenantNow {
    /// Its name.
    pub name: TenantName,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its tier.
    pub tier: Tier,
    /// Its zone.
    pub zone: TimeZone,
    /// Its places; empty for a tenant that is one place.
    pub locations: Vec<Place>,
}

/// A location and its zone.
#[derive(Clone, Debug)]
pub struct Place {
    /// What the manifest says.
    pub location: Location,
    /// Its zone.
    pub zone: TimeZone,
}

/// Who stands behind a document; from where it came, never from what it says. The order is that of authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnerTier {
    /// The platform, for all tenants.
    Platform,
    /// The tenant, for itself.
    Tenant,
}

/// A document in force.
#[derive(Clone, Debug)]
pub struct Owned<S> {
    /// Whose it is.
    pub tier: OwnerTier,
    /// `[namespace/]name`.
    pub name: String,
    /// Changes with its content.
    pub version: String,
    /// What it says.
    pub spec: S,
}

/// A document whose head could be read and whose body never could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// `[namespace/]name`.
    pub name: String,
}

/// A check as it stands.
#[derive(Clone, Debug)]
pub struct CheckNow {
    /// `namespace/name`.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The service it speaks of.
    pub service: Option<ServiceName>,
    /// What it speaks of.
    pub layer: Layer,
    /// The nodes that placement intended; a silent one is here too.
    pub nodes: Vec<NodeNow>,
    /// Where its manifest is refused: then it is intended nowhere.
    pub refused_at: Option<String>,
}

/// A check on one node.
#[derive(Clone, Debug)]
pub struct NodeNow {
    /// The node.
    pub node: String,
    /// Its verdict.
    pub state: CheckState,
    /// When it last ran: received − age.
    pub observed_at: Option<Timestamp>,
    /// When that run counts as stale; none in a simulation, whose instant is not that of the runs.
    pub fresh_until: Option<Timestamp>,
    /// The step that failed.
    pub failed_step: Option<String>,
    /// One line of the last result.
    pub summary: Option<String>,
    /// Evidence of the last result.
    pub evidence: Vec<Evidence>,
}

/// What was fixed when the release was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Its class.
    pub class: Class,
    /// Its subject.
    pub subject: Digest,
}

/// A deployment that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succeeded {
    /// What ran.
    pub subject: Digest,
    /// When it ended.
    pub at: Timestamp,
}

impl TenantNow {
    /// The location of this name.
    pub fn place(&self, name: &ObjectName) -> Option<&Place> {
        self.locations.iter().find(|place| place.location.name == *name)
    }
}
