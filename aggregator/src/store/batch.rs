//! The door for what machines report: the shapes that `ingest` and `placement` hand over. `Store::batch` runs the
//! write; it is idempotent by (agent, epoch, sequence), because the mark moves in the same transaction. A long frame
//! comes as several batches, each with its own move of the mark.

use std::collections::BTreeMap;

use api::frame::{Chain, Epoch, LedgerNote, PluginStatus};
use api::id::{CheckId, TenantName};
use api::result::{Evidence, Reason, Status};

use super::chunk::Chunk;
use crate::authn::AgentKey;

/// How far an epoch was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last sequence number that is durable, rejected or declared dropped.
    pub through: u64,
    /// The chain after it.
    pub chain: Chain,
}

/// What `ingest/accept` takes of a frame, or of a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// Whose.
    pub agent: AgentKey,
    /// Which epoch.
    pub epoch: Epoch,
    /// Where the mark stood when this was decided; the write is refused as raced when it stands elsewhere.
    pub before: Option<Mark>,
    /// Where it stands after.
    pub after: Mark,
    /// When the frame came, in milliseconds since 1970 UTC.
    pub received_at_ms: i64,
    /// What to write, in order.
    pub writes: Vec<Write>,
}

/// The check a write is about, and its owner by placement, never by report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The tenant; none for the platform's own.
    pub tenant: Option<TenantName>,
    /// The check.
    pub check: CheckId,
}

/// One thing to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Transitions and failures of one owner, kept with their detail: packed before, because the writer is one for all.
    Results(Chunk),
    /// The last known of a check on the agent's node.
    Last {
        /// Of which check.
        owner: Owner,
        /// The run.
        last: LastRun,
    },
    /// Counts of an interval.
    Counts {
        /// Of which check.
        owner: Owner,
        /// The minute (since 1970 UTC) the interval ended in.
        minute: i64,
        /// The counts.
        counts: Counts,
    },
    /// A problem opened or closed.
    Problem {
        /// Of which check.
        owner: Owner,
        /// Whether one is open.
        open: bool,
    },
    /// A plugin's state on the node.
    Plugin {
        /// When.
        at_ms: i64,
        /// The state.
        status: PluginStatus,
    },
    /// An object of a journey.
    Ledger {
        /// Of which check.
        owner: Owner,
        /// When.
        at_ms: i64,
        /// The entry.
        note: LedgerNote,
    },
}

/// Runs, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub runs: u64,
    /// By status.
    pub by_status: BTreeMap<Status, u64>,
    /// By reason.
    pub by_reason: BTreeMap<Reason, u64>,
    /// Durations by bucket, as `api::frame::RollUp` describes.
    pub sketch: BTreeMap<i16, u64>,
}

impl Counts {
    /// Adds another interval.
    pub fn add(&mut self, other: &Self) {
        self.runs = self.runs.saturating_add(other.runs);
        add_to(&mut self.by_status, &other.by_status);
        add_to(&mut self.by_reason, &other.by_reason);
        add_to(&mut self.sketch, &other.sketch);
    }
}

fn add_to<K: Ord + Copy>(sums: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        let sum = sums.entry(*key).or_default();
        *sum = sum.saturating_add(*count);
    }
}

/// A run that is the last known.
#[derive(Clone, Debug, PartialEq)]
pub struct LastRun {
    /// When it was.
    pub run_at_ms: i64,
    /// Its status.
    pub status: Status,
    /// Its reason.
    pub reason: Option<Reason>,
    /// What is said of it.
    pub words: Words,
    /// Its evidence.
    pub evidence: Vec<Evidence>,
}

/// What is said of the last run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// As its result tells it.
    Told {
        /// One sentence.
        summary: Option<String>,
        /// The first step that failed.
        failed_step: Option<String>,
    },
    /// A roll-up has none: those that are known stay for as long as the status does.
    AsKnown,
}

impl LastRun {
    /// What is known after both, this one first.
    #[must_use]
    pub fn followed_by(self, mut next: Self) -> Self {
        if next.words == Words::AsKnown && self.words != Words::AsKnown {
            let silence = Words::Told { summary: None, failed_step: None };
            next.words = if self.status == next.status { self.words } else { silence };
        }
        next
    }
}
