//! How long to wait before the next try: doubling with full jitter, or what the aggregator asks for. The only retry of
//! the agent's talk with the aggregator; `report` and `assign` each hold one.

use std::time::Duration;

/// The first wait; a rolling aggregator answers again within a second or two.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait: less than the 45 s after which a silent agent's checks move, so that an aggregator that comes back
/// hears everyone in time; a fleet of 65,000 then knocks three thousand times a second.
const LONGEST: Duration = Duration::from_secs(30);

/// Failures in a row.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

// === impl Backoff ===

impl Backoff {
    /// It worked.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// It failed: how long to wait. `dice` is any random number, `asked` what the aggregator asks for (`Retry-After`).
    pub fn failed(&mut self, dice: u64, asked: Option<Duration>) -> Duration {
        let ceiling = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        // Half of it is certain, so that a broken aggregator is never hammered; the rest keeps a fleet apart.
        let half_ms = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX) / 2;
        let own = Duration::from_millis(half_ms + dice % (half_ms + 1));
        // What is asked for is heeded, and spread, but not for ever: a mistaken header must not silence a node.
        asked.map_or(own, |asked| asked.min(LONGEST) + Duration::from_millis(dice % 1_000))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_double_within_their_bounds(dice in any::<u64>(), failures in 0_u32..100) {
            let mut backoff = Backoff { failures };
            let wait = backoff.failed(dice, None);
            let ceiling = FIRST.saturating_mul(1 << failures.min(16)).min(LONGEST);
            prop_assert!(wait >= ceiling / 2 && wait <= ceiling);
            backoff.succeeded();
            prop_assert!(backoff.failed(dice, None) <= FIRST);
        }
    }

    #[test]
    fn what_the_aggregator_asks_for_is_heeded() {
        let wait = Backoff::default().failed(7, Some(Duration::from_secs(9)));
        assert_eq!(wait, Duration::from_millis(9_007));
        assert!(Backoff::default().failed(7, Some(Duration::from_secs(86_400))) < LONGEST + Duration::from_secs(1));
    }
}
