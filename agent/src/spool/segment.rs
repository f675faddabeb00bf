//! Bytes of a segment: a head, then records and holes, each with its length and a checksum. Written and read by
//! `store`, and read by whoever wants to know what a spool holds without being its agent; it knows no files.
//!
//! An entry is `length: u32 big-endian`, the first 8 bytes of SHA-256 over length and payload, and the payload in
//! MessagePack. Whatever a crash leaves behind the last whole entry is found by length and checksum.

use api::frame::{Body, Chain, Dropped, Record, chain, codec};
use api::id::CheckId;
use api::limits::RECORD_BYTES_MAX;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Bytes before a payload.
const HEAD_BYTES: usize = 4 + SUM_BYTES;
/// 64 bits tell a torn or flipped entry from a whole one; this is no defence against people.
const SUM_BYTES: usize = 8;
/// A payload holds one record and the names of its fields.
const PAYLOAD_BYTES_MAX: usize = RECORD_BYTES_MAX + (1 << 10);

/// A record as it is kept: ages are relative to `at_boot_ms`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Sequence number in the epoch.
    pub seq: u64,
    /// When it was, on the boot-time clock of the epoch's boot; negative for what a later boot took over.
    pub at_boot_ms: i64,
    /// The check; absent for a record about a plugin.
    pub check_id: Option<CheckId>,
    /// Fencing token of its lease.
    pub lease: Option<u64>,
    /// What it says. Ages in it are as of `at_boot_ms`.
    pub body: Body,
}

/// One entry of a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// First in each segment.
    Head {
        /// Sequence number of what follows.
        first_seq: u64,
        /// Chain over everything before it.
        chain: Chain,
    },
    /// A record.
    Record(Stored),
    /// A span that was dropped.
    Hole(Dropped),
}

/// What could be read of a segment.
#[derive(Debug, PartialEq)]
pub struct Scan {
    /// First sequence number and chain before it; none when not even the head is whole.
    pub head: Option<(u64, Chain)>,
    /// Records and holes in a row.
    pub entries: Vec<Entry>,
    /// Chain after the last of them.
    pub chain: Chain,
    /// Sequence number after the last of them.
    pub next_seq: u64,
    /// Bytes up to the end of the last whole entry.
    pub good_bytes: usize,
}

// === impl Stored ===

impl Stored {
    /// The record as a frame carries it, this much older.
    pub fn aged(self, age_ms: u64) -> Record {
        let Self { seq, at_boot_ms: _, check_id, lease, mut body } = self;
        if let Body::RollUp(roll_up) = &mut body {
            for age in [&mut roll_up.from_age_ms, &mut roll_up.to_age_ms, &mut roll_up.last_age_ms] {
                *age = age.saturating_add(age_ms);
            }
        }
        Record { seq, check_id, age_ms, lease, body }
    }
}

// === impl Entry ===

impl Entry {
    /// The last sequence number it stands for; none for a head.
    pub fn last_seq(&self) -> Option<u64> {
        match self {
            Self::Head { .. } => None,
            Self::Record(stored) => Some(stored.seq),
            Self::Hole(hole) => Some(hole.last),
        }
    }

    /// The first sequence number it stands for; none for a head.
    pub fn first_seq(&self) -> Option<u64> {
        match self {
            Self::Head { .. } => None,
            Self::Record(stored) => Some(stored.seq),
            Self::Hole(hole) => Some(hole.first),
        }
    }

    /// The chain after it.
    pub fn chain_after(&self, before: &Chain) -> Chain {
        match self {
            Self::Head { chain, .. } => *chain,
            Self::Record(stored) => chain::next(before, &stored.clone().aged(0)),
            Self::Hole(hole) => hole.chain,
        }
    }

    /// Whether it is counts only, which go first when room is short.
    pub fn is_roll_up(&self) -> bool {
        matches!(self, Self::Record(Stored { body: Body::RollUp(_), .. }))
    }
}

/// An entry's bytes; none when it is over the limit of a record.
pub fn encode(entry: &Entry) -> Option<Vec<u8>> {
    let payload = codec::encode(entry).ok().filter(|payload| payload.len() <= PAYLOAD_BYTES_MAX)?;
    let length = u32::try_from(payload.len()).ok()?.to_be_bytes();
    let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&sum(length, &payload));
    bytes.extend_from_slice(&payload);
    Some(bytes)
}

/// Reads entries up to the first that is torn, flipped or out of order.
pub fn scan(bytes: &[u8]) -> Scan {
    let mut scan = Scan { head: None, entries: vec![], chain: Chain([0; 32]), next_seq: 0, good_bytes: 0 };
    while let Some((entry, entry_bytes)) = first_entry(&bytes[scan.good_bytes..]) {
        match (&entry, scan.head) {
            (Entry::Head { first_seq, chain }, None) => {
                scan.head = Some((*first_seq, *chain));
                scan.next_seq = *first_seq;
                scan.chain = *chain;
            }
            (Entry::Record(_) | Entry::Hole(_), Some(_)) if entry.first_seq() == Some(scan.next_seq) => {
                scan.chain = entry.chain_after(&scan.chain);
                scan.next_seq = entry.last_seq().map_or(scan.next_seq, |last| last.saturating_add(1));
                scan.entries.push(entry);
            }
            _ => break,
        }
        scan.good_bytes += entry_bytes;
    }
    scan
}

fn first_entry(bytes: &[u8]) -> Option<(Entry, usize)> {
    let length: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let payload_bytes = usize::try_from(u32::from_be_bytes(length)).ok().filter(|bytes| *bytes <= PAYLOAD_BYTES_MAX)?;
    let payload = bytes.get(HEAD_BYTES..HEAD_BYTES + payload_bytes)?;
    if bytes[4..HEAD_BYTES] != sum(length, payload) {
        return None;
    }
    let entry = codec::decode(payload).ok()?;
    Some((entry, HEAD_BYTES + payload_bytes))
}

fn sum(length: [u8; 4], payload: &[u8]) -> [u8; SUM_BYTES] {
    let hash = Sha256::new().chain_update(length).chain_update(payload).finalize();
    hash[..SUM_BYTES].try_into().expect("SHA-256 has 32 bytes")
}
