//! Where a plugin stands on this node: fetched, compiled, ready; failed and tried again later; quarantined after five
//! traps in a row: for the check whose runs trap, and for everybody when checks of two tenants met it and nobody's went
//! well meanwhile, so that no tenant can take a plugin from another. Kept by `table`; it knows no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::frame::{Assignment, PluginState};
use api::id::{CheckId, TenantName};
use api::result::{CheckResult, Reason, Status};

/// A check whose runs trap this often in a row will trap again.
const TRAPS_MAX: u32 = 5;
/// Tenants, or one and the platform, that have to meet it before the plugin counts as broken for everybody.
const PARTIES_MIN: usize = 2;
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
    /// Checks whose last runs trapped; a repaired manifest begins anew.
    uses: BTreeMap<(CheckId, String), Traps>,
    /// Whose checks met a quarantine since a run of anybody went well.
    parties: BTreeSet<Option<TenantName>>,
    quarantines: u32,
    failures: u32,
    /// When a failed or quarantined one is tried again, on the boot-time clock.
    again_boot_ms: u64,
}

/// The traps of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Traps {
    in_row: u32,
    quarantines: u32,
    /// Until when it does not run.
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

    /// How often in a row this check's runs trapped, while that keeps it from running.
    pub fn quarantine_of(&self, check: &Assignment, now_boot_ms: u64) -> Option<u32> {
        let traps = self.uses.get(&name(check))?;
        (now_boot_ms < traps.again_boot_ms).then_some(traps.in_row)
    }

    /// Takes note of how a run of it ended.
    pub fn ran(&mut self, check: &Assignment, result: &CheckResult, now_boot_ms: u64) {
        if result.status == Status::Error && result.reason == Some(Reason::Trap) {
            self.trapped(check, now_boot_ms);
        } else if result.status != Status::Skipped {
            self.uses.remove(&name(check));
            self.parties.clear();
            self.quarantines = 0;
            if self.state == Some(PluginState::Quarantined) {
                self.advance(PluginState::Ready);
            }
        }
    }

    fn trapped(&mut self, check: &Assignment, now_boot_ms: u64) {
        let traps = self.uses.entry(name(check)).or_default();
        traps.in_row = traps.in_row.saturating_add(1);
        if traps.in_row < TRAPS_MAX {
            return;
        }
        traps.again_boot_ms = now_boot_ms.saturating_add(quarantine_ms(traps.quarantines));
        traps.quarantines = traps.quarantines.saturating_add(1);
        self.parties.insert(check.tenant.clone());
        if self.parties.len() >= PARTIES_MIN {
            self.message = Some(format!("{TRAPS_MAX} traps in a row in checks of {} tenants", self.parties.len()));
            self.again_boot_ms = now_boot_ms.saturating_add(quarantine_ms(self.quarantines));
            self.quarantines = self.quarantines.saturating_add(1);
            self.state = Some(PluginState::Quarantined);
        }
    }

    /// Forgets the traps of checks that do not run by it any more.
    pub fn retain(&mut self, mut is_served: impl FnMut(CheckId) -> bool) {
        self.uses.retain(|(check, _), _| is_served(*check));
    }
}

fn name(check: &Assignment) -> (CheckId, String) {
    (check.check_id, check.version.clone())
}

fn quarantine_ms(before: u32) -> u64 {
    doubled(QUARANTINE_FIRST, before, QUARANTINE_LONGEST)
}

fn doubled(first: Duration, times: u32, longest: Duration) -> u64 {
    let wait = first.saturating_mul(1 << times.min(16)).min(longest);
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assignment, result};

    fn ready() -> Health {
        let mut health = Health::default();
        health.advance(PluginState::Ready);
        health
    }

    fn check_of(tenant: &str, check: &str) -> Assignment {
        Assignment { tenant: Some(tenant.parse().expect("a label")), ..assignment(check) }
    }

    fn trap(health: &mut Health, check: &Assignment, times: u32, now_boot_ms: u64) {
        for _ in 0..times {
            health.ran(check, &result(Status::Error, Some(Reason::Trap)), now_boot_ms);
        }
    }

    #[test]
    fn five_traps_in_a_row_stop_this_check_alone_and_a_good_run_ends_it() {
        let (mut health, bad) = (ready(), assignment("bad"));
        trap(&mut health, &bad, 4, 0);
        health.ran(&bad, &result(Status::Fail, Some(Reason::HttpStatus)), 0);
        trap(&mut health, &bad, 4, 0);
        assert_eq!(health.quarantine_of(&bad, 0), None, "a run between was no trap");
        trap(&mut health, &bad, 1, 0);
        assert_eq!((health.quarantine_of(&bad, 59_999), health.quarantine_of(&bad, 60_000)), (Some(5), None));
        assert_eq!(health.quarantine_of(&assignment("good"), 0), None);
        assert!(health.may_run(0), "others run on");
        let repaired = Assignment { version: "v2".into(), ..bad.clone() };
        assert_eq!(health.quarantine_of(&repaired, 0), None);
        health.ran(&bad, &result(Status::Pass, None), 60_000);
        assert_eq!(health.uses, BTreeMap::new());
    }

    #[test]
    fn one_tenant_takes_a_plugin_from_nobody_and_two_show_that_it_is_broken() {
        let mut health = ready();
        for check in ["a", "b", "c"] {
            trap(&mut health, &check_of("acme", check), 20, 0);
        }
        assert_eq!(health.state(), Some(PluginState::Ready), "all of one tenant");
        let other = check_of("other", "a");
        health.ran(&other, &result(Status::Pass, None), 0);
        trap(&mut health, &other, 5, 0);
        assert_eq!(health.state(), Some(PluginState::Ready), "it went well between them");
        trap(&mut health, &check_of("acme", "a"), 1, 0);
        assert_eq!(health.state(), Some(PluginState::Quarantined));
        assert!(!health.may_run(59_999) && health.may_run(60_000));
        health.ran(&check_of("third", "a"), &result(Status::Pass, None), 60_000);
        assert_eq!(health.state(), Some(PluginState::Ready));
    }

    #[test]
    fn quarantines_grow_while_it_goes_on_trapping() {
        let (mut health, bad) = (ready(), assignment("bad"));
        let (mut now, mut waits) = (0, vec![]);
        trap(&mut health, &bad, 5, now);
        for _ in 0..8 {
            let again = health.uses[&name(&bad)].again_boot_ms;
            waits.push((again - now) / 1_000);
            now = again;
            trap(&mut health, &bad, 1, now);
        }
        assert_eq!(waits, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        health.retain(|_| false);
        assert_eq!(health.uses, BTreeMap::new());
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
