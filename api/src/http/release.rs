//! Releases, as small as they can be: create, start with a ticket, finish. What succeeded here is what a rollback may
//! go back to.

use serde::{Deserialize, Serialize};

use crate::manifest::freeze_rule::Action;
use crate::manifest::release_policy::Class;

/// `POST /v1/releases`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRelease {
    /// The tenant.
    pub tenant: String,
    /// The service.
    pub service: String,
    /// What is released.
    pub subject: Subject,
    /// Its class, fixed from here on: the same digest with another class is refused with 409.
    pub class: Class,
    /// The caller's name of it, such as a version; 128 bytes at most. Kept from the first request for this digest: the
    /// answer says which one that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What is released, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// `sha256:` digest of the image manifest.
    #[schema(value_type = String)]
    pub digest: crate::id::Digest,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Release {
    /// Its id.
    pub id: String,
    /// The tenant.
    pub tenant: String,
    /// The service.
    pub service: String,
    /// What is released.
    pub subject: Subject,
    /// Its class.
    pub class: Class,
    /// The caller's name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was made, RFC 3339 in UTC.
    pub created_at: String,
    /// Its deployments, oldest first.
    pub deployments: Vec<Deployment>,
}

/// A start of a release in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// The environment.
    pub environment: String,
    /// What was done.
    pub action: Action,
    /// Where it stands.
    pub state: DeploymentState,
    /// The decision it rests on.
    pub decision: String,
    /// When it started.
    pub started_at: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
}

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentState {
    /// Under way.
    Started,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Never ended within its deadline of 24 hours.
    Abandoned,
}

/// `POST /v1/releases/{id}/start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRelease {
    /// The environment.
    pub environment: String,
    /// The ticket of an allow.
    pub ticket: String,
    /// What is done.
    #[serde(default)]
    pub action: Action,
    /// What is about to run; must be the release's subject.
    pub subject: Subject,
}

/// `POST /v1/releases/{id}/finish`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishRelease {
    /// The deployment, by the id that its start answered with: no other one is ever touched.
    pub deployment: String,
    /// How it ended.
    pub outcome: FinishOutcome,
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FinishOutcome {
    /// Well.
    Succeeded,
    /// Badly.
    Failed,
}
