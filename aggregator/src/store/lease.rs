//! Leases of mutating checks as stored: the holder and the highest token. When they end is in memory
//! (`placement/lease`), because only this process's clock counts them.

use api::id::{CheckId, TenantName};

use super::StoreError;
use crate::authn::AgentKey;
use crate::authz::PlatformScope;

/// A stored lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLease {
    /// The check's tenant; none for the platform's own.
    pub tenant: Option<TenantName>,
    /// The check.
    pub check: CheckId,
    /// The highest token ever granted.
    pub token: u64,
    /// The first token of its holder since it got the lease from another.
    pub since_token: u64,
    /// Who got it.
    pub holder: AgentKey,
    /// For how long, in milliseconds.
    pub ttl_ms: u64,
}

/// Reads of leases.
pub trait LeaseRead {
    /// Every lease ever granted, one a check: tokens rise also when a check comes back.
    ///
    /// # Errors
    /// The store cannot be read.
    fn leases(&self, scope: &PlatformScope) -> Result<Vec<StoredLease>, StoreError>;
}
