//! The question and the answer: `POST /v1/decisions`, and `GET` with the same fields as a query.

use serde::{Deserialize, Serialize};

use super::check::CheckState;
use super::release::Subject;
use crate::frame::Layer;
use crate::manifest::freeze_rule::Action;
use crate::manifest::release_policy::Class;

/// May this action, for this release, go to this tenant and environment, now? The requester comes from the credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The tenant.
    pub tenant: String,
    /// The environment.
    pub environment: String,
    /// The service.
    pub service: String,
    /// A location of the tenant; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The release's id, once it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The class; a claim, held against the release and the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// What is to be done.
    #[serde(default)]
    pub action: Action,
    /// What is to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Simulate for this instant, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How long it will take, in seconds; 30 days at most, 0 when absent.
    #[schema(maximum = 2_592_000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_duration_s: Option<u32>,
}

/// The three values, folded: any deny, else any wait, else allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Go.
    Allow,
    /// Time, data or a person can fix it.
    Wait,
    /// Waiting cannot help this release.
    Deny,
}

impl Decision {
    /// The word used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Wait => "wait",
            Self::Deny => "deny",
        }
    }
}

/// The answer. Every key is always there; what does not apply is null or empty. For `at` it stands under `simulated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answer {
    /// Its id; null in a simulation.
    #[schema(required = true)]
    pub id: Option<String>,
    /// The value.
    pub decision: Decision,
    /// `ALLOWED`, or the code of the first reason.
    pub code: String,
    /// One plain sentence.
    pub reason: String,
    /// When it was evaluated, RFC 3339 in UTC.
    pub evaluated_at: String,
    /// Until when an allow holds by the clock alone, or when the next look makes sense; null for a deny.
    #[schema(required = true)]
    pub valid_until: Option<String>,
    /// The earliest instant at which the time rules leave room, in the tenant's zone; null when open or never.
    #[schema(required = true)]
    pub next_allowed_at: Option<String>,
    /// When the time rules close next, in the tenant's zone; null when closed or never within the horizon.
    #[schema(required = true)]
    pub next_close_at: Option<String>,
    /// Ask again after this many seconds.
    #[schema(required = true)]
    pub retry_after_s: Option<u64>,
    /// Why not, in order: denies first.
    pub reasons: Vec<ReasonItem>,
    /// What was required, and how each stands.
    pub requirements: Vec<Requirement>,
    /// What shadow rules and policies would have said.
    pub shadow: Vec<ReasonItem>,
    /// Hash over every rule and policy that matched.
    pub policy_version: String,
    /// Version of the time zone database.
    pub tzdb: String,
    /// The ticket of an allow of a POST; shown once. Null in a simulation.
    #[schema(required = true)]
    pub ticket: Option<String>,
    /// Where to read it again; null in a simulation.
    #[schema(required = true)]
    pub url: Option<String>,
}

/// The answer to a question with `at`: nobody who reads `decision` takes it for one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Simulation {
    /// What would have been said; its id, ticket and address are null.
    pub simulated: Answer,
}

/// What `/v1/decisions` answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Answered {
    /// A decision.
    Decision(Answer),
    /// For a question with `at`.
    Simulation(Simulation),
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReasonItem {
    /// One of the documented codes.
    pub code: String,
    /// `[namespace/]name` of the rule or policy.
    #[schema(required = true)]
    pub rule: Option<String>,
    /// Its version.
    #[schema(required = true)]
    pub rule_version: Option<String>,
    /// One plain sentence.
    pub message: String,
    /// Until when, in the tenant's zone.
    #[schema(required = true)]
    pub until: Option<String>,
    /// What to do.
    pub remedy: String,
    /// For a check: what it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
}

/// Something required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Requirement {
    /// `check`.
    pub kind: String,
    /// The check, `namespace/name`, or the labels when none matches.
    pub name: String,
    /// How it stands.
    pub state: CheckState,
    /// When it was last seen, RFC 3339 in UTC.
    #[schema(required = true)]
    pub observed_at: Option<String>,
    /// What would satisfy it; null when satisfied.
    #[schema(required = true)]
    pub resolution: Option<String>,
    /// What it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
}
