//! The audit trail as stored: read by its verification. Written by the change door alone.

use api::audit::ChainHash;

use super::StoreError;
use crate::authz::{PlatformScope, TenantScope};

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place in its tenant's chain, from 1.
    pub seq: u64,
    /// The bytes the chain covers: an `api::audit::Entry` as JSON.
    pub stored: Vec<u8>,
    /// The chain after it.
    pub hash: ChainHash,
}

/// Reads of the audit trail.
pub trait AuditRead {
    /// Entries of one chain after `after`, oldest first, `limit` at most.
    ///
    /// # Errors
    /// The store cannot be read.
    fn audit_entries(&self, scope: &TenantScope, after: u64, limit: u32) -> Result<Vec<StoredEntry>, StoreError>;

    /// Every chain there is.
    ///
    /// # Errors
    /// The store cannot be read.
    fn audit_chains(&self, scope: &PlatformScope) -> Result<Vec<TenantScope>, StoreError>;
}
