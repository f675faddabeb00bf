//! Leases of mutating checks: one agent at a time, fenced by a rising token.

use serde::{Deserialize, Serialize};

use crate::id::CheckId;

/// `POST /v1/agent/leases`: may I run this mutating check?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRequest {
    /// The check.
    pub check_id: CheckId,
}

/// The lease, or how long somebody else may have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "lease", rename_all = "kebab-case")]
pub enum LeaseAnswer {
    /// Yours, from before you asked.
    Granted {
        /// Fencing token; rises per check.
        token: u64,
        /// How long, in milliseconds.
        ttl_ms: u64,
    },
    /// Somebody else's.
    Held {
        /// Ask again after this many milliseconds.
        retry_after_ms: u64,
    },
}
