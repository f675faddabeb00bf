//! One thing that was done or decided.

use serde::{Deserialize, Serialize};

/// An audit entry. Its stored bytes are its JSON; the chain covers exactly those bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Who, as the credential says: `token:<id>`, `agent:<cluster>/<node>`, `system:<task>`.
    pub actor: String,
    /// What, as `noun.verb`: `decision.made`, `release.started`, `token.created`, `catalogue.changed`.
    pub action: String,
    /// On what: an id or a name.
    pub subject: String,
    /// The rest, additive.
    pub detail: serde_json::Value,
}
