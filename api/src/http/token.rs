//! API tokens: `/v1/tokens`. The secret is shown once, to whoever minted it; its SHA-256 is stored.

use serde::{Deserialize, Serialize};

use crate::manifest::release_policy::Class;

/// What a token may do. One table, in the aggregator's `authz/role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Asks for decisions and drives releases.
    Pipeline,
    /// Everything of its tenant.
    TenantAdmin,
    /// Everything.
    PlatformAdmin,
}

impl Role {
    /// The word used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Pipeline => "pipeline",
            Self::TenantAdmin => "tenant-admin",
            Self::PlatformAdmin => "platform-admin",
        }
    }
}

/// A new token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Its tenant; absent: the asking credential's own, and none for a platform administrator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Its role.
    pub role: Role,
    /// Classes it may claim for a release; a viewer's, in simulations.
    #[serde(default)]
    pub classes: Vec<Class>,
    /// When it ends, RFC 3339 in UTC; 400 days from now at most.
    pub expires_at: String,
}

/// The token, shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreatedToken {
    /// Its public id.
    pub id: String,
    /// `fwt_<id>_<secret>`.
    pub token: String,
    /// When it ends.
    pub expires_at: String,
}

/// A token as administrators see it: all but its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Token {
    /// Its public id.
    pub id: String,
    /// Its tenant; absent for a platform administrator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Its role.
    pub role: Role,
    /// Classes it may claim for a release.
    pub classes: Vec<Class>,
    /// Who minted it, as the audit trail names them.
    pub created_by: String,
    /// When it was minted, RFC 3339 in UTC.
    pub created_at: String,
    /// When it ends by itself.
    pub expires_at: String,
    /// When it was revoked; absent while it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
}
