//! Decisions as they were answered, and the tickets of allows. Read by `http/decisions` and `release/start`; written
//! through the change door by `gate` and `release`.

use api::http::decision::{Answer, Ask};
use api::id::TenantName;

use super::StoreError;
use crate::authz::{PlatformScope, TenantScope};

/// A decision to store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDecision {
    /// Its id; also in the answer.
    pub id: String,
    /// The question as it was asked.
    pub question: Ask,
    /// The answer without its ticket.
    pub answer: Answer,
    /// Equal for the same question of the same principal with the same answer, whenever it was.
    pub sameness: [u8; 32],
}

/// A ticket to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// SHA-256 of its text.
    pub sha256: [u8; 32],
    /// When it ends, in milliseconds since 1970 UTC.
    pub expires_at_ms: i64,
}

/// A stored ticket and the question it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTicket {
    /// The decision that minted it.
    pub decision: String,
    /// Who asked, as the audit trail names it.
    pub principal: String,
    /// What was asked.
    pub question: Ask,
    /// When it ends.
    pub expires_at_ms: i64,
    /// Whether it started something.
    pub is_used: bool,
}

/// Reads of decisions.
pub trait DecisionRead {
    /// Whose decision this is.
    ///
    /// # Errors
    /// The store cannot be read.
    fn decision_owner(&self, scope: &PlatformScope, id: &str) -> Result<Option<TenantName>, StoreError>;

    /// The answer with this id.
    ///
    /// # Errors
    /// The store cannot be read.
    fn decision_find(&self, scope: &TenantScope, id: &str) -> Result<Option<Answer>, StoreError>;

    /// The decision that is the same as this one and was noted at `since_ms` or later.
    ///
    /// # Errors
    /// The store cannot be read.
    fn decision_same(
        &self,
        scope: &TenantScope,
        sameness: &[u8; 32],
        since_ms: i64,
    ) -> Result<Option<String>, StoreError>;

    /// The ticket with this hash.
    ///
    /// # Errors
    /// The store cannot be read.
    fn ticket_find(&self, scope: &TenantScope, sha256: &[u8; 32]) -> Result<Option<StoredTicket>, StoreError>;
}
