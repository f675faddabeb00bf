//! FreezeRule: when releases are closed (`deny`) or only open (`allow`). A platform rule matches all tenants; one in a
//! tenant's namespace matches that tenant only. Windows are civil time; `policy` turns them into instants.

mod validate;
mod when;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use when::{LOCATION_LOCAL, OnceWindow, TENANT_LOCAL, WeekMoment, Weekday, WeeklyWindow, When};

pub use super::mode::Mode;
use super::release_policy::Class;
use crate::id::{EnvironmentName, TenantName};

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Who answers for it.
    pub owner: String,
    /// The change or ticket it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Closed inside, or open only inside.
    pub effect: Effect,
    /// What it is for; keys are ANDed, values of a key ORed, an absent key matches all.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// What it is not for; each key subtracts on its own.
    #[serde(default)]
    pub except: Except,
    /// When.
    pub when: When,
    /// One line for those who wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether it binds or only shows what it would do.
    #[serde(default)]
    pub mode: Mode,
}

/// What a rule does inside its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Frozen inside.
    Deny,
    /// Open only inside.
    Allow,
}

impl Effect {
    /// The word used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

/// What is done with a release.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Put it there.
    #[default]
    Deploy,
    /// Change the database.
    Migrate,
    /// Change settings.
    Config,
    /// Change the ground it stands on.
    Infra,
    /// Back to what succeeded before. Never frozen unless a rule lists it.
    Rollback,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Deploy, Self::Migrate, Self::Config, Self::Infra, Self::Rollback];

    /// The word used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Migrate => "migrate",
            Self::Config => "config",
            Self::Infra => "infra",
            Self::Rollback => "rollback",
        }
    }
}

/// What a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Match {
    /// Environments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<EnvironmentName>,
    /// Labels of the tenant: each key with its accepted values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tenant_labels: BTreeMap<String, Vec<String>>,
    /// Tiers of the tenant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<super::tenant::Tier>,
    /// Release classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// Actions; absent means all but rollback.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// Locations of the tenant; a location matches an entry when every key of it does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<LocationMatch>,
}

/// A set of locations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LocationMatch {
    /// The one with this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Those of this region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Those of this business unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What a rule is not for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Except {
    /// Release classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// Tenants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<TenantName>,
    /// Environments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<EnvironmentName>,
}
