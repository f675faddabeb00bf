//! What to do with what a start finds: go on with the epoch or begin a new one, and which holes to declare. Asked by
//! `store` when it opens; it reads no files.

use api::frame::{Chain, Dropped, DroppedKind, Epoch};
use serde::{Deserialize, Serialize};

use super::segment::Scan;

/// Where and when an epoch's records were made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The node; empty in a spool of a version that did not write it down.
    #[serde(default)]
    pub node: String,
    /// The machine.
    pub machine_id: String,
    /// The boot: stamps count from it.
    pub boot_id: String,
}

/// An epoch as it is described on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EpochInfo {
    /// Its id.
    pub epoch: Epoch,
    /// Where its records were made.
    pub origin: Origin,
    /// Wall minus boot-time clock when it began, in milliseconds: tells ages after another boot.
    pub wall_offset_ms: i64,
}

// === impl Origin ===

impl Origin {
    /// Whether a spool of there may be told by this node: another node's runs are not this one's.
    pub(super) fn is_node_of(&self, there: &Self) -> bool {
        there.node.is_empty() || there.node == self.node
    }
}

/// What the scan of a segment says of its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Repair {
    /// Whole, and the next one follows.
    None,
    /// Cut it after the last whole entry; nothing follows in this epoch.
    Cut,
    /// What lies between it and the next segment is lost, and has to be declared.
    Hole(Dropped),
    /// Nothing of it is of use.
    Remove,
}

/// The repair of a segment of `file_bytes`. `next`: head
/// of the segment that follows.
pub(super) fn repair(scan: &Scan, file_bytes: usize, next: Option<(u64, Chain)>) -> Repair {
    if scan.head.is_none() {
        return Repair::Remove;
    }
    match next {
        None if scan.good_bytes == file_bytes => Repair::None,
        None => Repair::Cut,
        Some((next_seq, _)) if scan.next_seq == next_seq => {
            if scan.good_bytes == file_bytes {
                Repair::None
            } else {
                Repair::Cut
            }
        }
        Some((next_seq, chain)) if scan.next_seq < next_seq => {
            Repair::Hole(Dropped { first: scan.next_seq, last: next_seq - 1, kind: DroppedKind::Any, chain })
        }
        Some(_) => Repair::Remove,
    }
}

/// Whether new records may go on in the epoch that was last written.
pub(super) fn goes_on(last: &EpochInfo, now: &Origin, tail: &Repair) -> bool {
    last.origin == *now && *tail == Repair::None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(next_seq: u64, good_bytes: usize) -> Scan {
        let chain = Chain([1; 32]);
        Scan { head: Some((1, chain)), entries: vec![], chain, next_seq, good_bytes }
    }

    #[test]
    fn a_lost_middle_is_declared_with_the_chain_that_goes_on() {
        let next = Some((9, Chain([9; 32])));
        let hole = Dropped { first: 5, last: 8, kind: DroppedKind::Any, chain: Chain([9; 32]) };
        assert_eq!(repair(&scan(5, 70), 100, next), Repair::Hole(hole));
        assert_eq!(repair(&scan(9, 100), 100, next), Repair::None);
        assert_eq!(repair(&scan(9, 70), 100, next), Repair::Cut);
    }

    #[test]
    fn a_torn_tail_is_cut_and_ends_its_epoch() {
        assert_eq!(repair(&scan(5, 70), 100, None), Repair::Cut);
        let origin = |boot: &str| Origin { node: "n".into(), machine_id: "m".into(), boot_id: boot.into() };
        let info = EpochInfo { epoch: Epoch([1; 16]), origin: origin("b"), wall_offset_ms: 0 };
        assert!(goes_on(&info, &origin("b"), &Repair::None));
        assert!(!goes_on(&info, &origin("b"), &Repair::Cut));
        assert!(!goes_on(&info, &origin("c"), &Repair::None));
    }
}
