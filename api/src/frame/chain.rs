//! The hash chain over an epoch's records: which history an agent and the aggregator speak of. The agent keeps it in
//! its spool, the aggregator recomputes it from each frame and compares at its mark; a difference is a `fork`.
//!
//! What is hashed. chain(0) = SHA-256("floorwalker-spool-v1\0" ‖ epoch); chain(n) = SHA-256(chain(n-1) ‖ the covered
//! fields of record n). Covered is what a record counts as: its sequence number, check, lease, kind, and of its body
//! what a verdict, a count or a gate may rest on. Left out are all ages, which grow between two sendings of one record,
//! and texts and details, so that a neighbour of another version, which drops the fields it does not know, still comes
//! to the same hash. Each field is written with its length, so that no two records give the same bytes.
//! A dropped span carries the chain after its last record and is stepped over with it.

use std::fmt::{Display, Write as _};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::batch::{Body, Chain, Epoch, Frame, Record, RollUp};
use crate::result::CheckResult;

/// Keeps these hashes apart from every other use of SHA-256.
const DOMAIN: &[u8] = b"floorwalker-spool-v1\0";

/// The chain before an epoch's first record.
pub fn start(epoch: &Epoch) -> Chain {
    Chain(Sha256::new().chain_update(DOMAIN).chain_update(epoch.0).finalize().into())
}

/// The chain after `record`.
pub fn next(previous: &Chain, record: &Record) -> Chain {
    let mut fields = Fields { hash: Sha256::new().chain_update(previous.0), text: String::new() };
    fields.put(record.seq);
    fields.put_all(record.check_id);
    fields.put_all(record.lease);
    cover(&mut fields, &record.body);
    Chain(fields.hash.finalize().into())
}

/// A frame's records and dropped spans do not cover its span without gap or overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame says nothing of sequence number {expected}")]
pub struct Uncovered {
    /// The first number that is missing or comes twice.
    pub expected: u64,
}

/// Walks a frame: pairs of a sequence number and the chain after it, beginning with (`first_seq` − 1, `chain`), one for
/// each record and each dropped span, ascending. The last one has `last_seq`.
///
/// # Errors
/// The first sequence number that the frame leaves out or names twice.
pub fn links(frame: &Frame) -> Result<Vec<(u64, Chain)>, Uncovered> {
    let mut at = frame.first_seq.saturating_sub(1);
    let mut chain = frame.chain;
    let mut links = vec![(at, chain)];
    let mut records = frame.records.iter().peekable();
    let mut dropped = frame.dropped.iter().peekable();
    while at < frame.last_seq {
        let expected = at + 1;
        if let Some(record) = records.next_if(|record| record.seq == expected) {
            (at, chain) = (expected, next(&chain, record));
        } else if let Some(span) = dropped.next_if(|span| span.first == expected && span.last >= expected) {
            (at, chain) = (span.last, span.chain);
        } else {
            return Err(Uncovered { expected });
        }
        links.push((at, chain));
    }
    match (at == frame.last_seq, records.next(), dropped.next()) {
        (true, None, None) => Ok(links),
        _ => Err(Uncovered { expected: frame.last_seq + 1 }),
    }
}

/// A hasher that takes fields, each with its length.
struct Fields {
    hash: Sha256,
    /// The present field: its room is used again for the next one.
    text: String,
}

// === impl Fields ===

impl Fields {
    fn put(&mut self, field: impl Display) {
        self.text.clear();
        write!(self.text, "{field}").expect("a string takes everything");
        self.hash.update((self.text.len() as u64).to_be_bytes());
        self.hash.update(self.text.as_bytes());
    }

    /// Any number of fields, and their number.
    fn put_all<T: Display>(&mut self, fields: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) {
        let fields = fields.into_iter();
        self.hash.update((fields.len() as u64).to_be_bytes());
        for field in fields {
            self.put(field);
        }
    }
}

fn cover(fields: &mut Fields, body: &Body) {
    match body {
        Body::Transition(transition) => {
            fields.put("transition");
            fields.put_all(transition.from.map(|status| status.as_str()));
            cover_result(fields, &transition.result);
        }
        Body::Failure(failure) => {
            fields.put("failure");
            cover_result(fields, &failure.result);
        }
        Body::RollUp(roll_up) => cover_roll_up(fields, roll_up),
        Body::Problem(problem) => {
            fields.put("problem");
            fields.put(problem.open);
            fields.put_all(problem.reason.map(|reason| reason.as_str()));
        }
        Body::PluginStatus(status) => {
            fields.put("plugin-status");
            fields.put(&status.digest);
            fields.put(word(&status.state));
        }
        Body::Ledger(note) => {
            fields.put("ledger");
            fields.put(&note.kind);
            fields.put(&note.key);
            fields.put_all(&note.id);
            fields.put(word(&note.state));
        }
    }
}

/// An enum's word on the wire, which never changes, as its place among the others may.
fn word(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("an enum without fields is a JSON string")
}

fn cover_result(fields: &mut Fields, result: &CheckResult) {
    fields.put(result.run_id);
    fields.put(result.scheduled_at_ms);
    fields.put(result.status.as_str());
    fields.put_all(result.reason.map(|reason| reason.as_str()));
    fields.put_all(result.evidence.iter().map(|seen| format!("{}\0{}\0{}", seen.kind, seen.subject, seen.observed_at)));
}

fn cover_roll_up(fields: &mut Fields, roll_up: &RollUp) {
    fields.put("roll-up");
    fields.put(roll_up.runs);
    fields.put_all(roll_up.by_status.iter().map(|(status, runs)| format!("{}={runs}", status.as_str())));
    fields.put_all(roll_up.by_reason.iter().map(|(reason, runs)| format!("{}={runs}", reason.as_str())));
    fields.put_all(roll_up.sketch.iter().map(|(bucket, runs)| format!("{bucket}={runs}")));
    fields.put(roll_up.last_status.as_str());
    fields.put_all(roll_up.last_reason.map(|reason| reason.as_str()));
    fields
        .put_all(roll_up.evidence.iter().map(|seen| format!("{}\0{}\0{}", seen.kind, seen.subject, seen.observed_at)));
    fields.put(&roll_up.version);
}

#[cfg(test)]
mod tests {
    use super::super::batch::{Dropped, DroppedKind, Problem};
    use super::*;

    fn record(seq: u64, age_ms: u64) -> Record {
        let body = Body::Problem(Problem { open: seq.is_multiple_of(2), reason: None, summary: "x".into() });
        Record { seq, check_id: None, age_ms, lease: None, body }
    }

    fn frame(records: Vec<Record>, dropped: Vec<Dropped>, last_seq: u64) -> Frame {
        let epoch = Epoch([7; 16]);
        Frame { epoch, first_seq: 1, last_seq, chain: start(&epoch), dropped, records }
    }

    #[test]
    fn an_older_record_keeps_its_link() {
        let before = start(&Epoch([1; 16]));
        assert_eq!(next(&before, &record(1, 5)), next(&before, &record(1, 5_000)));
        assert_ne!(next(&before, &record(1, 5)), next(&before, &record(2, 5)));
        assert_ne!(before, start(&Epoch([2; 16])));
    }

    #[test]
    fn optional_fields_do_not_run_into_each_other() {
        let before = start(&Epoch([1; 16]));
        let leased = Record { lease: Some(1), ..record(1, 0) };
        assert_ne!(next(&before, &leased), next(&before, &record(1, 0)));
    }

    #[test]
    fn a_dropped_span_is_stepped_over_with_its_own_link() {
        let whole = links(&frame((1..=4).map(|seq| record(seq, 0)).collect(), vec![], 4)).expect("covered");
        let hole = Dropped { first: 2, last: 3, kind: DroppedKind::RollUp, chain: whole[3].1 };
        let holed = links(&frame(vec![record(1, 0), record(4, 0)], vec![hole], 4)).expect("covered");
        assert_eq!(holed, [whole[0], whole[1], whole[3], whole[4]]);
    }

    #[test]
    fn a_gap_and_an_overlap_are_named() {
        let gap = frame(vec![record(1, 0), record(3, 0)], vec![], 3);
        assert_eq!(links(&gap), Err(Uncovered { expected: 2 }));
        let chain = start(&Epoch([7; 16]));
        let hole = Dropped { first: 1, last: 1, kind: DroppedKind::Any, chain };
        let overlap = frame(vec![record(1, 0)], vec![hole], 1);
        assert_eq!(links(&overlap), Err(Uncovered { expected: 2 }));
    }
}
