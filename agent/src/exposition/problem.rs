//! An open problem as metrics show it. Made by `judge` when M-of-N opens one.

use api::frame::Assignment;
use api::result::Reason;

/// An open problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What the check speaks of: `platform`, `application`, `business`.
    pub layer: &'static str,
    /// The reason that opened it.
    pub reason: &'static str,
}

// === impl Open ===

impl Open {
    /// The problem of a check.
    pub fn of(assignment: &Assignment, reason: Option<Reason>) -> Self {
        Self { layer: assignment.layer.as_str(), reason: reason.unwrap_or(Reason::Other).as_str() }
    }
}
