//! The reader of spool segments: whatever a crash, a broken disk or a person left in the file.

use sha2::{Digest as _, Sha256};

use crate::segment::{Scan, encode, scan};

/// Any bytes as a segment, and as the payloads of entries with whole checksums, which random bytes never have.
pub fn target(bytes: &[u8]) {
    read(bytes);
    read(&sealed(bytes));
}

/// What was read is what stands there up to `good_bytes`, and is written the same.
fn read(bytes: &[u8]) {
    let first = scan(bytes);
    assert!(first.good_bytes <= bytes.len());
    let again = scan(&bytes[..first.good_bytes]);
    assert_eq!((again.good_bytes, again.next_seq, again.chain), (first.good_bytes, first.next_seq, first.chain));
    assert_eq!(again.entries.len(), first.entries.len());
    let Scan { head, entries, chain, next_seq, .. } = first;
    let Some((first_seq, before)) = head else { return };
    assert!(next_seq >= first_seq);
    let mut written = encode(&crate::segment::Entry::Head { first_seq, chain: before }).expect("small");
    for entry in &entries {
        // One at the limit grows by the names of fields that it left out.
        let Some(bytes) = encode(entry) else { return };
        written.extend(bytes);
    }
    let copy = scan(&written);
    assert_eq!((copy.head, copy.next_seq, copy.chain), (head, next_seq, chain));
}

/// Pieces, each behind two bytes of its length, as a segment's entries.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let (mut rest, mut segment) = (bytes, vec![]);
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let payload = &after[..usize::from(u16::from_be_bytes(*length)).min(after.len())];
        let length = u32::try_from(payload.len()).expect("two bytes").to_be_bytes();
        segment.extend(length);
        segment.extend(&Sha256::new().chain_update(length).chain_update(payload).finalize()[..8]);
        segment.extend(payload);
        rest = &after[payload.len()..];
    }
    segment
}
