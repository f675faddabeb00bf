//! Problem documents (RFC 9457): every 4xx and 5xx has one. What a principal may not see is byte-identical to what is
//! not there, so none of them repeats what was asked.

use serde::{Deserialize, Serialize};

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// A stable word: `not-found`, `method-not-allowed`, `forbidden`, `unauthenticated`, `invalid-request`, `too-large`,
    /// `conflict`, `unavailable`, `internal`, or a code of the gate such as `TICKET_USED`.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// One plain sentence.
    pub title: String,
    /// What was wrong and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
