//! Segments cut and flipped at any byte. Apart from the file itself, which `tests/fuzz` reads too.

use api::frame::{Chain, Dropped, DroppedKind, Epoch, chain};
use proptest::prelude::*;

use super::segment::{Entry, encode, scan};
use crate::testing::drafts;

fn entries(count: u64) -> Vec<Entry> {
    let head = Entry::Head { first_seq: 1, chain: chain::start(&Epoch([3; 16])) };
    let record = |(seq, draft): (u64, crate::spool::Draft)| Entry::Record(draft.stored(seq));
    std::iter::once(head).chain((1..).zip(drafts(count)).map(record)).collect()
}

fn written(entries: &[Entry]) -> Vec<u8> {
    entries.iter().flat_map(|entry| encode(entry).expect("small")).collect()
}

#[test]
fn every_kind_of_record_reads_back() {
    let entries = entries(12);
    let scan = scan(&written(&entries));
    assert_eq!(scan.entries, entries[1..]);
    assert_eq!(scan.next_seq, 13);
}

#[test]
fn a_hole_goes_on_with_its_own_chain() {
    let mut entries = entries(2);
    let chain = Chain([9; 32]);
    entries.push(Entry::Hole(Dropped { first: 3, last: 7, kind: DroppedKind::RollUp, chain }));
    let scan = scan(&written(&entries));
    assert_eq!((scan.next_seq, scan.chain), (8, chain));
}

#[test]
fn a_crash_at_any_byte_leaves_the_whole_entries() {
    let entries = entries(6);
    let bytes = written(&entries);
    let mut ends = vec![0];
    for entry in &entries {
        ends.push(ends[ends.len() - 1] + encode(entry).expect("small").len());
    }
    for crash in 0..=bytes.len() {
        let whole = ends.iter().filter(|end| **end <= crash).count() - 1;
        let scan = scan(&bytes[..crash]);
        assert_eq!(scan.entries, entries[1.min(whole)..whole], "at byte {crash}");
        assert_eq!(scan.good_bytes, ends[whole]);
    }
}

proptest! {
    #[test]
    fn a_flipped_bit_ends_the_scan_before_it(at in 0_usize..2_000, bit in 0_u8..8) {
        let entries = entries(6);
        let mut bytes = written(&entries);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let scan = scan(&bytes);
        prop_assert!(scan.good_bytes <= at);
        prop_assert_eq!(&scan.entries[..], &entries[1.min(entries.len())..][..scan.entries.len()]);
    }

    #[test]
    fn any_bytes_can_be_scanned(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(scan(&bytes).good_bytes <= bytes.len());
    }
}
