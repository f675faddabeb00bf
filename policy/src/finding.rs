//! What speaks against a release: a code of the contract, one plain sentence, until when, and what to do.
//! Made by `freeze` and `require`, folded by `decide`. It renders no document.

use api::frame::Layer;
use api::http::decision::Decision;
use jiff::Timestamp;

/// Codes, in the order in which the first one names the answer. They are part of the contract and never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Inside the window of a deny rule.
    Frozen,
    /// No window of the allow rules is open.
    OutsideWindow,
    /// Open now, and closing before the release would be through.
    WindowTooShort,
    /// A required check says the target is broken.
    CheckFailing,
    /// A required check was not heard of for too long.
    CheckStale,
    /// A required check never ran, or too few exist.
    CheckMissing,
    /// A required check cannot tell: the prober's own trouble.
    CheckUnknown,
    /// A check that should name the digest named nothing.
    EvidenceMissing,
    /// Something else than the release's digest was seen.
    DigestMismatch,
    /// The ticket was used before.
    TicketUsed,
    /// The ticket is too old.
    TicketExpired,
    /// The ticket is for something else or someone else.
    TicketScope,
    /// The law or the store cannot be read.
    Indeterminate,
}

/// A document by name and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleRef {
    /// `[namespace/]name`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its code.
    pub code: Code,
    /// The rule or policy it comes from.
    pub rule: Option<RuleRef>,
    /// One plain sentence.
    pub message: String,
    /// Until when it holds, as far as the clock alone can tell.
    pub until: Option<Timestamp>,
    /// What to do.
    pub remedy: String,
    /// For a check: what it speaks of.
    pub layer: Option<Layer>,
}

// === impl Code ===

impl Code {
    /// What an answer without a reason says.
    pub const ALLOWED: &'static str = "ALLOWED";

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Frozen => "FROZEN",
            Self::OutsideWindow => "OUTSIDE_WINDOW",
            Self::WindowTooShort => "WINDOW_TOO_SHORT",
            Self::CheckFailing => "CHECK_FAILING",
            Self::CheckStale => "CHECK_STALE",
            Self::CheckMissing => "CHECK_MISSING",
            Self::CheckUnknown => "CHECK_UNKNOWN",
            Self::EvidenceMissing => "EVIDENCE_MISSING",
            Self::DigestMismatch => "DIGEST_MISMATCH",
            Self::TicketUsed => "TICKET_USED",
            Self::TicketExpired => "TICKET_EXPIRED",
            Self::TicketScope => "TICKET_SCOPE",
            Self::Indeterminate => "INDETERMINATE",
        }
    }

    /// What it makes of the answer: integrity is a deny, for waiting cannot help; the rest time, data or people mend.
    pub fn decision(self) -> Decision {
        match self {
            Self::DigestMismatch | Self::TicketUsed | Self::TicketExpired | Self::TicketScope => Decision::Deny,
            Self::Frozen
            | Self::OutsideWindow
            | Self::WindowTooShort
            | Self::CheckFailing
            | Self::CheckStale
            | Self::CheckMissing
            | Self::CheckUnknown
            | Self::EvidenceMissing
            | Self::Indeterminate => Decision::Wait,
        }
    }

    /// Whether the clock alone ends it.
    pub fn is_of_time(self) -> bool {
        matches!(self, Self::Frozen | Self::OutsideWindow | Self::WindowTooShort)
    }
}

// === impl Finding ===

impl Finding {
    /// A finding without rule, end or layer.
    pub fn new(code: Code, message: String, remedy: &str) -> Self {
        Self { code, rule: None, message, until: None, remedy: remedy.to_owned(), layer: None }
    }

    /// Where it stands among others: denies first, then the order of codes, then names, so that order never depends on
    /// the order of documents.
    pub(crate) fn rank(&self) -> (std::cmp::Reverse<Decision>, Code, Option<RuleRef>, String) {
        (std::cmp::Reverse(self.code.decision()), self.code, self.rule.clone(), self.message.clone())
    }
}

/// Sorts and drops repeats.
pub(crate) fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_cached_key(Finding::rank);
    findings.dedup();
    findings
}
