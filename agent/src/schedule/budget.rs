//! How much CPU each tenant's runs may use on a node of several: half of what guests have, over some seconds, so that
//! another always finds the other half. What is used is known when a run ends, so a tenant may use its half in advance and
//! then waits until it is paid back. Kept by `fair`; it knows no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::id::TenantName;

use crate::run::GUEST_THREADS;

/// CPU per second of a tenant, in thousandths of a thread: half of the guests' threads, as of places and of memory.
const SHARE_MILLI: u64 = GUEST_THREADS as u64 * 1_000 / 2;
/// What may be used in advance: ten seconds of the share. A start, when every check runs within two minutes, passes: 200
/// checks of 20 ms use four seconds in them.
const ADVANCE_MS: u64 = 10 * SHARE_MILLI;

/// Whose CPU it is, and whose turn it may be; `None` is the platform.
pub type Party = Option<TenantName>;

/// What each tenant has used and not yet paid back.
#[derive(Debug, Default)]
pub struct Budget {
    used: BTreeMap<Party, Used>,
    /// Those that were told of, until they have paid half of it back.
    over: BTreeSet<Party>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    cpu_ms: u64,
    at_ms: u64,
}

// === impl Budget ===

impl Budget {
    /// A run of this tenant has used CPU.
    pub fn charge(&mut self, party: &Party, cpu: Duration, now_ms: u64) {
        let before_ms = self.left_to_pay_ms(party, now_ms);
        if before_ms < ADVANCE_MS / 2 {
            self.over.remove(party);
        }
        let cpu_ms = before_ms.saturating_add(u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX));
        if cpu_ms == 0 {
            self.used.remove(party);
        } else {
            self.used.insert(party.clone(), Used { cpu_ms, at_ms: now_ms });
        }
    }

    /// When a run of this tenant may begin, on the clock of `now_ms`, which is now or later.
    pub fn free_at_ms(&self, party: &Party, now_ms: u64) -> u64 {
        let over_ms = self.left_to_pay_ms(party, now_ms).saturating_sub(ADVANCE_MS);
        now_ms.saturating_add((over_ms * 1_000).div_ceil(SHARE_MILLI))
    }

    /// Whether a tenant that has to wait had not to before: it is told once, until it has paid half back.
    pub fn is_newly_over(&mut self, party: &Party, now_ms: u64) -> bool {
        self.free_at_ms(party, now_ms) > now_ms && self.over.insert(party.clone())
    }

    fn left_to_pay_ms(&self, party: &Party, now_ms: u64) -> u64 {
        self.used.get(party).map_or(0, |used| {
            let paid_ms = now_ms.saturating_sub(used.at_ms).saturating_mul(SHARE_MILLI) / 1_000;
            used.cpu_ms.saturating_sub(paid_ms)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_used_in_advance_is_waited_for() {
        let (mut budget, greedy) = (Budget::default(), Some("greedy".parse().expect("a label")));
        budget.charge(&greedy, 10 * SECOND, 0);
        assert_eq!(budget.free_at_ms(&greedy, 0), 0, "its ten seconds");
        budget.charge(&greedy, 2 * SECOND, 0);
        assert_eq!(budget.free_at_ms(&greedy, 0), 2_000);
        assert_eq!(budget.free_at_ms(&None, 0), 0, "the platform's is another");
        assert_eq!(budget.free_at_ms(&greedy, 1_500), 2_000);
        assert_eq!(budget.free_at_ms(&greedy, 2_000), 2_000);
        budget.charge(&greedy, Duration::ZERO, 12_000);
        assert!(budget.used.is_empty(), "who has paid is forgotten");
    }

    #[test]
    fn whoever_stays_over_is_told_of_once() {
        let (mut budget, greedy) = (Budget::default(), Some("greedy".parse().expect("a label")));
        budget.charge(&greedy, 11 * SECOND, 0);
        assert!(budget.is_newly_over(&greedy, 0) && !budget.is_newly_over(&greedy, 500));
        budget.charge(&greedy, SECOND, 1_000);
        assert!(!budget.is_newly_over(&greedy, 1_000), "over again at once");
        budget.charge(&greedy, 11 * SECOND, 60_000);
        assert!(budget.is_newly_over(&greedy, 60_000), "it had paid");
    }

    proptest! {
        /// However it is asked for, nobody gets more than the share, the advance, and what one run may be over.
        #[test]
        fn nobody_gets_more_than_the_share(runs in prop::collection::vec((1_u64..5_000, 0_u64..3_000), 1..200)) {
            let (mut budget, mut now_ms, mut cpu_ms) = (Budget::default(), 0, 0);
            for (run_ms, pause_ms) in runs {
                now_ms = budget.free_at_ms(&None, now_ms + pause_ms);
                budget.charge(&None, Duration::from_millis(run_ms), now_ms);
                cpu_ms += run_ms;
                prop_assert!(cpu_ms <= ADVANCE_MS + now_ms * SHARE_MILLI / 1_000 + 5_000);
            }
        }
    }
}
