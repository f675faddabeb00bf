//! Everything the agent has to tell, kept on disk until the aggregator has it: drafts in, numbered records out, in
//! order, durable before they are sent. Filled by `schedule` and `plugin`, emptied by `report`.

mod bound;
mod epoch;
pub mod metrics;
mod recover;
pub mod segment;
#[cfg(test)]
mod segment_tests;
mod store;
mod writer;

use api::frame::{Assignment, Body, Chain, Epoch};
use api::id::CheckId;

pub use bound::Bound;
pub use recover::Origin;
pub use segment::{Entry, Stored};
pub use writer::{Config, Spool, SpoolError, build};

/// What is to be told, not yet numbered.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// When it was, on the boot-time clock. Ages in the body are as of then.
    pub at_boot_ms: i64,
    /// The check; absent for what is said of a plugin.
    pub check_id: Option<CheckId>,
    /// Fencing token of the lease it was done under.
    pub lease: Option<u64>,
    /// What is said.
    pub body: Body,
}

/// Records in a row of one epoch, to make a frame of.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The epoch.
    pub epoch: Epoch,
    /// First sequence number.
    pub first_seq: u64,
    /// Last sequence number.
    pub last_seq: u64,
    /// Chain over all records before the first.
    pub chain: Chain,
    /// Records and holes that cover the span.
    pub entries: Vec<Entry>,
    /// Now on the clock that the records are stamped with, which may be an earlier boot's.
    pub now_boot_ms: i64,
}

// === impl Draft ===

impl Draft {
    /// Something about a check at an instant of the boot-time clock.
    pub fn of_check(assignment: &Assignment, at_boot_ms: u64, body: Body) -> Self {
        let at_boot_ms = i64::try_from(at_boot_ms).unwrap_or(i64::MAX);
        Self { at_boot_ms, check_id: Some(assignment.check_id), lease: None, body }
    }

    /// Something about a plugin.
    pub fn of_plugin(at_boot_ms: u64, body: Body) -> Self {
        Self { at_boot_ms: i64::try_from(at_boot_ms).unwrap_or(i64::MAX), check_id: None, lease: None, body }
    }

    /// The record with its number.
    pub fn stored(self, seq: u64) -> Stored {
        let Self { at_boot_ms, check_id, lease, body } = self;
        Stored { seq, at_boot_ms, check_id, lease, body }
    }

    /// The draft of a record that has to be told in another epoch, its clock shifted; none for a hole.
    fn again(entry: Entry, shift_ms: i64) -> Option<Self> {
        let Entry::Record(Stored { seq: _, at_boot_ms, check_id, lease, body }) = entry else { return None };
        Some(Self { at_boot_ms: at_boot_ms.saturating_add(shift_ms), check_id, lease, body })
    }

    /// The word for what it says.
    #[cfg(test)]
    pub(crate) fn kind(&self) -> &'static str {
        match self.body {
            Body::Transition(_) => "transition",
            Body::Failure(_) => "failure",
            Body::RollUp(_) => "roll-up",
            Body::Problem(_) => "problem",
            Body::PluginStatus(_) => "plugin-status",
            Body::Ledger(_) => "ledger",
        }
    }
}
