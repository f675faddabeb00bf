//! Where a plugin stands on this node: fetched, compiled, ready; failed and tried again later; quarantined after five
//! traps in a row. Kept by `table`; it knows no clock.

use std::time::Duration;

use api::frame::PluginState;
use api::result::{Reason, Status};

/// A plugin that traps this often in a row is broken for everybody, not for one input.
const TRAPS_MAX: u32 = 5;
/// The first quarantine; each further one without a good run between is twice as long.
const QUARANTINE_FIRST: Duration = Duration::from_secs(60);
/// The longest: a repaired target may end the traps, and an hour is what that may go unseen.
const QUARANTINE_LONGEST: Duration = Duration::from_secs(3_600);
/// The first wait after a failure to fetch, compile or load.
const RETRY_FIRST: Duration = Duration::from_secs(5);
/// The longest: compiling what cannot be compiled costs up to a minute of CPU, so at most a tenth of one.
const RETRY_LONGEST: Duration = Duration::from_secs(600);

/// A plugin's health; the default is that of one that was assigned just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    state: Option<PluginState>,
    message: Option<String>,
    traps_in_row: u32,
    quarantines: u32,
    failures: u32,
    /// When a failed or quarantined one is tried again, on the boot-time clock.
    again_boot_ms: u64,
}

// === impl Health ===

impl Health {
    /// Its state; none before it is fetched.
    pub fn state(&self) -> Option<PluginState> {
        self.state
    }

    /// Why it failed or is quarantined.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// It came a step further.
    pub fn advance(&mut self, state: PluginState) {
        self.state = Some(state);
        self.message = None;
        if state == PluginState::Ready {
            self.failures = 0;
        }
    }

    /// Fetching, compiling or loading failed.
    pub fn fail(&mut self, message: String, now_boot_ms: u64) {
        self.state = Some(PluginState::Failed);
        self.message = Some(message);
        self.again_boot_ms = now_boot_ms.saturating_add(doubled(RETRY_FIRST, self.failures, RETRY_LONGEST));
        self.failures = self.failures.saturating_add(1);
    }

    /// Whether it has to be made ready now.
    pub fn is_to_prepare(&self, now_boot_ms: u64) -> bool {
        match self.state {
            Some(PluginState::Ready | PluginState::Quarantined) => false,
            Some(PluginState::Failed) => now_boot_ms >= self.again_boot_ms,
            Some(PluginState::Fetched | PluginState::Compiled) | None => true,
        }
    }

    /// When a failed one is tried again.
    pub fn prepares_again_boot_ms(&self) -> Option<u64> {
        (self.state == Some(PluginState::Failed)).then_some(self.again_boot_ms)
    }

    /// Whether a run may start: ready, or its quarantine is over and this run is the test.
    pub fn may_run(&self, now_boot_ms: u64) -> bool {
        match self.state {
            Some(PluginState::Ready) => true,
            Some(PluginState::Quarantined) => now_boot_ms >= self.again_boot_ms,
            _ => false,
        }
    }

    /// Takes note of how a run of it ended.
    pub fn ran(&mut self, status: Status, reason: Option<Reason>, now_boot_ms: u64) {
        if status == Status::Error && reason == Some(Reason::Trap) {
            self.traps_in_row = self.traps_in_row.saturating_add(1);
            if self.traps_in_row >= TRAPS_MAX {
                self.message = Some(format!("{} traps in a row", self.traps_in_row));
                let wait_ms = doubled(QUARANTINE_FIRST, self.quarantines, QUARANTINE_LONGEST);
                self.again_boot_ms = now_boot_ms.saturating_add(wait_ms);
                self.quarantines = self.quarantines.saturating_add(1);
                self.state = Some(PluginState::Quarantined);
            }
        } else if status != Status::Skipped {
            (self.traps_in_row, self.quarantines) = (0, 0);
            if self.state == Some(PluginState::Quarantined) {
                self.advance(PluginState::Ready);
            }
        }
    }
}

fn doubled(first: Duration, times: u32, longest: Duration) -> u64 {
    let wait = first.saturating_mul(1 << times.min(16)).min(longest);
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready() -> Health {
        let mut health = Health::default();
        health.advance(PluginState::Ready);
        health
    }

    fn trap(health: &mut Health, now_boot_ms: u64) {
        health.ran(Status::Error, Some(Reason::Trap), now_boot_ms);
    }

    #[test]
    fn five_traps_in_a_row_quarantine_and_a_good_run_ends_it() {
        let mut health = ready();
        for _ in 0..4 {
            trap(&mut health, 0);
        }
        health.ran(Status::Fail, Some(Reason::HttpStatus), 0);
        for _ in 0..4 {
            trap(&mut health, 0);
        }
        assert!(health.may_run(0), "a run between was no trap");
        trap(&mut health, 0);
        assert_eq!(health.state(), Some(PluginState::Quarantined));
        assert!(!health.may_run(59_999) && health.may_run(60_000));
        health.ran(Status::Pass, None, 60_000);
        assert_eq!(health.state(), Some(PluginState::Ready));
    }

    #[test]
    fn quarantines_grow_while_it_goes_on_trapping() {
        let mut health = ready();
        let mut now = 0;
        let mut waits = vec![];
        for _ in 0..5 {
            trap(&mut health, now);
        }
        for _ in 0..8 {
            waits.push((health.again_boot_ms - now) / 1_000);
            now = health.again_boot_ms;
            trap(&mut health, now);
        }
        assert_eq!(waits, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    }

    #[test]
    fn a_failed_one_is_tried_again_later_and_later() {
        let mut health = Health::default();
        assert!(health.is_to_prepare(0));
        health.fail("no answer".into(), 0);
        assert!(!health.is_to_prepare(4_999) && health.is_to_prepare(5_000));
        health.fail("no answer".into(), 5_000);
        assert_eq!(health.prepares_again_boot_ms(), Some(15_000));
        health.advance(PluginState::Ready);
        assert_eq!((health.message(), health.prepares_again_boot_ms()), (None, None));
    }
}
