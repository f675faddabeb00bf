//! Stored results and counts. Read by `http/results`.

use api::http::check::{LedgerEntry, StoredResult};
use api::id::CheckId;

use super::StoreError;
use super::batch::Counts;
use crate::authz::TenantScope;

/// A page of results, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultPage {
    /// The results.
    pub items: Vec<StoredResult>,
    /// Where the next page begins; says nothing of how many there are.
    pub next: Option<String>,
}

/// Reads of results.
pub trait ResultRead {
    /// Transitions and failures of a check, newest first, after the cursor of an earlier page.
    ///
    /// # Errors
    /// The store cannot be read; [`StoreError::Broken`] for a cursor that no page gave.
    fn results(
        &self,
        scope: &TenantScope,
        check: CheckId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ResultPage, StoreError>;

    /// Counts of a check over all nodes from minute `from` up to `to`, exclusive (minutes since 1970 UTC).
    ///
    /// # Errors
    /// The store cannot be read.
    fn result_counts(&self, scope: &TenantScope, check: CheckId, from: i64, to: i64) -> Result<Counts, StoreError>;

    /// What runs of a check made and is not known to be gone, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn ledger_open(&self, scope: &TenantScope, check: CheckId, limit: u32) -> Result<Vec<LedgerEntry>, StoreError>;
}
