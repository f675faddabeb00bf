//! The audit trail: which reads belong into it (`crossing`), and its verification: each chain is recomputed from where
//! the last look ended, by the task `audit-verify`. Entries are written by the store's change door alone.

mod crossing;

use api::audit::{ChainHash, next};

pub use crossing::Crossings;

use crate::store::audit::StoredEntry;

/// How far a chain was verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The last entry.
    pub seq: u64,
    /// The chain after it.
    pub hash: ChainHash,
}

/// Where a chain breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail does not go on at entry {seq}: it was changed outside of this program")]
pub struct Broken {
    /// The entry that should have come, and did not or does not fit.
    pub seq: u64,
}

/// Goes on from `verified` over the entries that follow.
///
/// # Errors
/// The first entry that does not fit.
pub fn verify(verified: Verified, entries: &[StoredEntry]) -> Result<Verified, Broken> {
    entries.iter().try_fold(verified, |at, entry| {
        let seq = at.seq + 1;
        let hash = next(&at.hash, &entry.stored);
        if entry.seq == seq && entry.hash == hash { Ok(Verified { seq, hash }) } else { Err(Broken { seq }) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(texts: &[&str]) -> Vec<StoredEntry> {
        let mut hash = [0; 32];
        let entry = |(at, text): (usize, &&str)| {
            hash = next(&hash, text.as_bytes());
            StoredEntry { seq: at as u64 + 1, stored: text.as_bytes().to_vec(), hash }
        };
        texts.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn a_whole_chain_verifies_in_pieces_and_a_touched_one_does_not() {
        let entries = chain(&["a", "b", "c"]);
        let half = verify(Verified::default(), &entries[..1]).expect("whole");
        assert_eq!(verify(half, &entries[1..]), verify(Verified::default(), &entries));
        let mut touched = entries.clone();
        touched[1].stored = b"x".to_vec();
        assert_eq!(verify(Verified::default(), &touched), Err(Broken { seq: 2 }));
        assert_eq!(verify(half, &entries[2..]), Err(Broken { seq: 2 }), "one is missing");
    }
}
