//! Whether a lease still covers a run: counted from before it was asked for, on the boot-time clock, so that the agent
//! never believes in a lease that the aggregator has already given away. Asked by `lease`, which gets them.

use std::time::Duration;

use api::frame::LeaseAnswer;
use api::limits::{CLEAN_UP, lease_left_min};

/// A lease this agent holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    /// Fencing token, for every record of the run.
    pub(super) token: u64,
    until_boot_ms: u64,
}

/// What is to be done under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A run of this timeout, with its own clean-up.
    Run(Duration),
    /// Clean-up of what an earlier run left, and then a run.
    CleanUpAndRun(Duration),
    /// Clean-up alone: of what this run left, or once more before one.
    CleanUp,
}

// === impl Lease ===

impl Lease {
    /// The lease of an answer; none when another agent holds it. `asked_boot_ms` is from before asking.
    pub(super) fn from_answer(answer: &LeaseAnswer, asked_boot_ms: u64) -> Option<Self> {
        match answer {
            LeaseAnswer::Granted { token, ttl_ms } => {
                Some(Self { token: *token, until_boot_ms: asked_boot_ms.saturating_add(*ttl_ms) })
            }
            LeaseAnswer::Held { .. } => None,
        }
    }

    /// Whether enough of it is left.
    pub(super) fn covers(&self, work: Work, now_boot_ms: u64) -> bool {
        let left = Duration::from_millis(self.until_boot_ms.saturating_sub(now_boot_ms));
        left >= work.left_min()
    }
}

// === impl Work ===

impl Work {
    fn left_min(self) -> Duration {
        match self {
            Self::Run(timeout) => lease_left_min(timeout),
            Self::CleanUpAndRun(timeout) => CLEAN_UP + lease_left_min(timeout),
            Self::CleanUp => CLEAN_UP,
        }
    }
}

#[cfg(test)]
mod tests {
    use api::limits::lease_ttl;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    fn granted(ttl_ms: u64) -> Lease {
        Lease::from_answer(&LeaseAnswer::Granted { token: 7, ttl_ms }, 1_000).expect("granted")
    }

    #[test]
    fn a_run_starts_only_when_it_and_its_clean_up_fit() {
        let lease = granted(40_000);
        assert!(lease.covers(Work::Run(TIMEOUT), 10_000), "31 s are left");
        assert!(!lease.covers(Work::Run(TIMEOUT), 10_001));
        assert!(!lease.covers(Work::Run(TIMEOUT), 50_000));
    }

    #[test]
    fn a_fresh_lease_covers_what_a_dead_run_left_too() {
        let ttl_ms = lease_ttl(TIMEOUT).as_millis() as u64;
        assert!(granted(ttl_ms).covers(Work::CleanUpAndRun(TIMEOUT), 1_000));
    }

    #[test]
    fn a_lease_of_another_is_none() {
        assert_eq!(Lease::from_answer(&LeaseAnswer::Held { retry_after_ms: 1 }, 0), None);
    }
}
