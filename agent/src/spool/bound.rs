//! What to drop when the spool is over its bound: the oldest roll-ups before any transition or failure. Asked by
//! `store` after each append; it drops nothing itself.

use std::time::Duration;

/// The bound of a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// All segments together.
    pub bytes_max: u64,
    /// Age of a segment's last record.
    pub age_max: Duration,
}

impl Default for Bound {
    /// A day without an aggregator: 50 checks at a roll-up of 300 bytes each 15 s write 86 MiB a day, so counts of the
    /// oldest hours go and every transition and failure of an ordinary day stays.
    fn default() -> Self {
        Self { bytes_max: 64 << 20, age_max: Duration::from_secs(24 * 3_600) }
    }
}

/// A segment that is not written any more, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Its bytes.
    pub bytes: u64,
    /// Bytes of roll-ups among them.
    pub roll_up_bytes: u64,
    /// Age of its last record, in milliseconds.
    pub age_ms: u64,
}

/// One thing to drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drop {
    /// The roll-ups of this segment.
    RollUps(usize),
    /// All of this segment.
    Segment(usize),
}

/// What to drop next; `active_bytes` are of the segment that is being written. Asked again until there is nothing.
pub(super) fn next(held: &[Held], active_bytes: u64, bound: Bound) -> Option<Drop> {
    let age_ms_max = u64::try_from(bound.age_max.as_millis()).unwrap_or(u64::MAX);
    if let Some(old) = held.iter().position(|segment| segment.age_ms > age_ms_max) {
        return Some(Drop::Segment(old));
    }
    let bytes = active_bytes + held.iter().map(|segment| segment.bytes).sum::<u64>();
    if bytes <= bound.bytes_max {
        return None;
    }
    let with_counts = held.iter().position(|segment| segment.roll_up_bytes > 0);
    with_counts.map(Drop::RollUps).or(if held.is_empty() { None } else { Some(Drop::Segment(0)) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUND: Bound = Bound { bytes_max: 100, age_max: Duration::from_secs(1) };

    fn held(bytes: u64, roll_up_bytes: u64) -> Held {
        Held { bytes, roll_up_bytes, age_ms: 0 }
    }

    #[test]
    fn the_oldest_counts_go_before_any_failure() {
        assert_eq!(next(&[held(50, 0), held(50, 10)], 0, BOUND), None);
        assert_eq!(next(&[held(50, 0), held(50, 10)], 1, BOUND), Some(Drop::RollUps(1)));
        assert_eq!(next(&[held(50, 0), held(51, 0)], 0, BOUND), Some(Drop::Segment(0)));
        assert_eq!(next(&[], 500, BOUND), None, "what is being written stays");
    }

    #[test]
    fn a_day_is_enough() {
        assert_eq!(next(&[Held { age_ms: 1_001, ..held(1, 1) }], 0, BOUND), Some(Drop::Segment(0)));
    }

    proptest! {
        #[test]
        fn dropping_ends_within_the_bound(sizes in prop::collection::vec((0_u64..60, 0_u64..60), 0..20)) {
            let mut all: Vec<Held> = sizes.iter().map(|(other, counts)| held(other + counts, *counts)).collect();
            while let Some(what) = next(&all, 0, BOUND) {
                match what {
                    Drop::RollUps(at) => all[at] = held(all[at].bytes - all[at].roll_up_bytes, 0),
                    Drop::Segment(at) => {
                        prop_assert!(all.iter().all(|segment| segment.roll_up_bytes == 0));
                        all.remove(at);
                    }
                }
            }
            prop_assert!(all.iter().map(|segment| segment.bytes).sum::<u64>() <= BOUND.bytes_max);
        }
    }
}
