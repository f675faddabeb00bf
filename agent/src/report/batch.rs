//! From records to a frame: ages are told as of now. Called by `report` for each batch; it sends nothing.

use api::frame::Frame;

use crate::spool::{Batch, Entry};

/// The frame of a batch.
pub fn frame(batch: Batch) -> Frame {
    let Batch { epoch, first_seq, last_seq, chain, entries, now_boot_ms } = batch;
    let (mut records, mut dropped) = (vec![], vec![]);
    for entry in entries {
        match entry {
            Entry::Head { .. } => {}
            Entry::Hole(hole) => dropped.push(hole),
            Entry::Record(stored) => {
                // A wall clock that went back after a restart must not make a record of the future.
                let age_ms = u64::try_from(now_boot_ms.saturating_sub(stored.at_boot_ms)).unwrap_or(0);
                records.push(stored.aged(age_ms));
            }
        }
    }
    Frame { epoch, first_seq, last_seq, chain, dropped, records }
}

#[cfg(test)]
mod tests {
    use api::frame::{Body, Dropped, DroppedKind, Epoch, chain, codec};

    use super::*;
    use crate::testing::drafts;

    fn batch(now_boot_ms: i64) -> Batch {
        let epoch = Epoch([5; 16]);
        let start = chain::start(&epoch);
        let mut entries: Vec<Entry> =
            (1..).zip(drafts(6)).map(|(seq, draft)| Entry::Record(draft.stored(seq))).collect();
        let after = entries.iter().fold(start, |chain, entry| entry.chain_after(&chain));
        entries.push(Entry::Hole(Dropped { first: 7, last: 9, kind: DroppedKind::Any, chain: after }));
        Batch { epoch, first_seq: 1, last_seq: 9, chain: start, entries, now_boot_ms }
    }

    #[test]
    fn ages_grow_and_the_chain_does_not_change() {
        let (early, late) = (frame(batch(1_000_500)), frame(batch(1_900_000)));
        assert_eq!((early.records[0].age_ms, late.records[0].age_ms), (500, 900_000));
        let Body::RollUp(counts) = &late.records[2].body else { panic!("the third is a roll-up") };
        assert_eq!((counts.from_age_ms, counts.to_age_ms, counts.last_age_ms), (915_000, 900_000, 904_000));
        assert_eq!(chain::links(&early).expect("covered"), chain::links(&late).expect("covered"));
    }

    #[test]
    fn a_record_is_never_of_the_future() {
        assert_eq!(frame(batch(5)).records[0].age_ms, 0);
    }

    #[test]
    fn what_is_packed_reads_back_with_every_kind_of_record() {
        let sent = frame(batch(1_000_500));
        let packed = codec::pack(&sent).expect("packs");
        let read = codec::unpack(&packed).expect("unpacks");
        assert_eq!(chain::links(&read), chain::links(&sent));
        assert_eq!(read, sent);
    }
}
