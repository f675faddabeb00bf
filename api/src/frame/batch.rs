//! A frame: records in a row from one epoch of one agent's spool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{CheckId, Digest};
use crate::result::{CheckResult, Reason, Status};

/// 16 random bytes, made anew on a first start, a cut tail, another machine or boot id, or a `fork`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(#[serde(with = "serde_bytes")] pub [u8; 16]);

/// SHA-256 over all records before one: chain(0) is the hash of the epoch, chain(n) = SHA-256(chain(n-1) ‖ record n).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Chain(#[serde(with = "serde_bytes")] pub [u8; 32]);

/// What an agent sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The epoch all of it belongs to.
    pub epoch: Epoch,
    /// First sequence number of the span, from 1.
    pub first_seq: u64,
    /// Last sequence number of the span; records and dropped spans cover it without a gap.
    pub last_seq: u64,
    /// Hash over all records before `first_seq`.
    pub chain: Chain,
    /// Spans that will never come: the spool was over its bound.
    pub dropped: Vec<Dropped>,
    /// The records, ascending.
    pub records: Vec<Record>,
}

/// A span of the sequence that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// First.
    pub first: u64,
    /// Last.
    pub last: u64,
    /// What was dropped.
    pub kind: DroppedKind,
    /// The chain after `last`, so the hash goes on over the hole.
    pub chain: Chain,
}

/// What a dropped span held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DroppedKind {
    /// Roll-ups only; they go first.
    RollUp,
    /// Transitions and failures too.
    Any,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Sequence number in the epoch.
    pub seq: u64,
    /// The check; absent for a record about a plugin.
    pub check_id: Option<CheckId>,
    /// Age when the frame was made, in milliseconds, by the agent's boot-time clock. Run time = received − age.
    pub age_ms: u64,
    /// Fencing token of the lease, for mutating checks.
    pub lease: Option<u64>,
    /// What happened.
    pub body: Body,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Body {
    /// The status changed (the first result of a check counts as a change).
    Transition(Box<Transition>),
    /// Still failing, erring or timing out: the detail.
    Failure(Box<Failure>),
    /// Counts over an interval. Counts come from here alone.
    RollUp(RollUp),
    /// A problem opened or closed.
    Problem(Problem),
    /// A plugin's state on the node.
    PluginStatus(PluginStatus),
    /// What a journey made or cleaned.
    Ledger(LedgerNote),
}

/// A change of status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Status before; absent for the first result.
    pub from: Option<Status>,
    /// The result.
    pub result: CheckResult,
}

/// A further result that does not pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The result.
    pub result: CheckResult,
}

/// Runs of a check over an interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RollUp {
    /// Start of the interval, as age in milliseconds when the frame was made; greater than `to_age_ms`.
    pub from_age_ms: u64,
    /// End of the interval, as age.
    pub to_age_ms: u64,
    /// Runs in it.
    pub runs: u64,
    /// Runs by status.
    pub by_status: BTreeMap<Status, u64>,
    /// Runs by reason.
    pub by_reason: BTreeMap<Reason, u64>,
    /// Durations: bucket -> count. Bucket b holds (1.1^(b-1), 1.1^b] milliseconds, so a quantile is within 5 %.
    pub sketch: BTreeMap<i16, u64>,
    /// Status of the last run.
    pub last_status: Status,
    /// Reason of the last run.
    pub last_reason: Option<Reason>,
    /// Age of the last run.
    pub last_age_ms: u64,
    /// Evidence of the last run, so that it stays fresh while nothing changes.
    pub evidence: Vec<crate::result::Evidence>,
    /// Version of the assignment these runs had.
    pub version: String,
}

/// M-of-N opened or closed a problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Whether it is open now.
    pub open: bool,
    /// Reason of the run that opened it.
    pub reason: Option<Reason>,
    /// One line.
    pub summary: String,
}

/// State of a plugin on a node, in the order it goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// Bytes are here and have the digest.
    Fetched,
    /// Compiled under limits.
    Compiled,
    /// Loaded and linked.
    Ready,
    /// Fetching, compiling or linking failed.
    Failed,
    /// Too many traps in a row; tried again later.
    Quarantined,
}

/// A plugin's state on the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginStatus {
    /// The component.
    pub digest: Digest,
    /// Where it stands.
    pub state: PluginState,
    /// Why, when it failed.
    pub message: Option<String>,
}

/// Where an object of a journey stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LedgerState {
    /// About to be made.
    Intent,
    /// Made.
    Created,
    /// Gone again.
    Cleaned,
    /// Clean-up failed; it is still there.
    Left,
}

/// An entry of a journey's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerNote {
    /// What it is.
    #[serde(rename = "object_kind")]
    pub kind: String,
    /// The journey's name of it.
    pub key: String,
    /// The target's id.
    pub id: Option<String>,
    /// Where it stands.
    pub state: LedgerState,
}
