//! Tokens as administrators see them: which there are, who minted them, and whether they still hold. Read by
//! `http/tokens`. The look-up of a credential is `authn`'s own; no secret's hash leaves through here.

use api::http::token::Role;
use api::id::TenantName;
use api::manifest::release_policy::Class;

use super::StoreError;
use crate::authz::{PlatformScope, Reach, TenantScope};

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptToken {
    /// Its public id.
    pub id: String,
    /// Its tenant; none for a platform administrator's.
    pub tenant: Option<TenantName>,
    /// What it may do.
    pub role: Role,
    /// Release classes it may claim.
    pub classes: Vec<Class>,
    /// Who minted it, as the audit trail names them.
    pub created_by: String,
    /// When it was minted, in milliseconds since 1970 UTC.
    pub created_at_ms: i64,
    /// When it ends by itself.
    pub expires_at_ms: i64,
    /// When it was revoked; none while it was not.
    pub revoked_at_ms: Option<i64>,
}

/// Reads of tokens.
pub trait TokenRead {
    /// Tokens within reach in the order of their ids, from after `after` on, `limit` at most. Ended and revoked ones are
    /// among them.
    ///
    /// # Errors
    /// The store cannot be read.
    fn tokens(&self, reach: &Reach, after: &str, limit: u32) -> Result<Vec<KeptToken>, StoreError>;

    /// The token with this id.
    ///
    /// # Errors
    /// The store cannot be read.
    fn token_kept(&self, scope: &TenantScope, id: &str) -> Result<Option<KeptToken>, StoreError>;

    /// The scope of whoever owns the token with this id: a tenant, or the platform itself.
    ///
    /// # Errors
    /// The store cannot be read.
    fn token_owner(&self, scope: &PlatformScope, id: &str) -> Result<Option<TenantScope>, StoreError>;
}
