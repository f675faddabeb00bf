//! Freeze rules as readers see them: `GET /v1/freezes`.

use serde::{Deserialize, Serialize};

use crate::manifest::freeze_rule::{Effect, Mode};

/// A rule that matches the tenant asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Freeze {
    /// `[namespace/]name`.
    pub rule: String,
    /// Its version.
    pub rule_version: String,
    /// `platform` or `tenant`.
    pub tier: String,
    /// Who answers for it.
    pub owner: String,
    /// The change it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Closed inside, or open only inside.
    pub effect: Effect,
    /// Whether it binds.
    pub mode: Mode,
    /// Whether an instant inside one of its windows is now.
    pub active: bool,
    /// Its windows from now to the horizon, 20 at most.
    pub windows: Vec<Window>,
    /// One line for those who wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A window as instants, half-open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Window {
    /// First instant inside, RFC 3339 with the zone's offset.
    pub from: String,
    /// First instant after.
    pub to: String,
    /// The zone it was computed in.
    pub time_zone: String,
    /// The location it is for, when the rule is `location-local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}
