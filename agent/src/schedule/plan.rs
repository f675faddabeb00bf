//! When a check is due: a fixed rate from a stable phase. The phase is anchored to wall time once, then the boot-time
//! clock counts, so that a step of the wall clock neither doubles nor skips runs. Asked by `driver`; it runs nothing.

use std::time::Duration;

use api::id::{CheckId, NodeName};
use sha2::{Digest as _, Sha256};

/// Checks with longer intervals run a first time within this after a start; a node then knows its state soon, and a
/// fleet that restarts together spreads its first runs.
pub const START_SPREAD: Duration = Duration::from_secs(120);
/// A smaller difference of wall and boot clock is drift that a time server slews away.
const WALL_STEP_MS: i64 = 1_000;

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since boot, suspension included; never steps back.
    pub boot_ms: u64,
    /// Since 1970-01-01 UTC.
    pub wall_ms: i64,
}

/// A run that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The instant of the plan, in milliseconds since 1970-01-01 UTC: what the run is named by.
    pub scheduled_at_ms: u64,
    /// The same instant on the boot-time clock, for the lag.
    pub boot_ms: u64,
}

/// What a look at the plan gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// What to run now.
    pub due: Option<Due>,
    /// Ticks that passed and will not be made up for.
    pub missed: u64,
}

/// The plan of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    interval_ms: u64,
    phase_ms: u64,
    /// Wall minus boot when the plan was anchored.
    offset_ms: i64,
    /// The next tick on the boot-time clock.
    next_ms: u64,
    /// The last start, late or not.
    started_ms: Option<u64>,
}

// === impl Now ===

impl Now {
    fn offset_ms(self) -> i64 {
        self.wall_ms.saturating_sub_unsigned(self.boot_ms)
    }
}

// === impl Plan ===

impl Plan {
    /// The plan of a check that is new on this node.
    pub fn begin(check: CheckId, node: &NodeName, interval: Duration, now: Now) -> Self {
        let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
        let hash = phase_hash(check, node);
        let mut plan = Self {
            interval_ms,
            phase_ms: hash % interval_ms,
            offset_ms: now.offset_ms(),
            next_ms: 0,
            started_ms: None,
        };
        plan.next_ms = plan.tick_from(now.boot_ms);
        let spread_ms = START_SPREAD.as_millis() as u64;
        if interval_ms > spread_ms {
            plan.next_ms = plan.next_ms.min(now.boot_ms + hash % spread_ms);
        }
        plan
    }

    /// The same check with another interval; what has just run does not run again at once.
    #[must_use]
    pub fn with_interval(self, check: CheckId, node: &NodeName, interval: Duration, now: Now) -> Self {
        let mut plan = Self::begin(check, node, interval, now);
        plan.started_ms = self.started_ms;
        if let Some(started_ms) = self.started_ms {
            plan.next_ms = plan.tick_from(started_ms.saturating_add(plan.half_ms()).max(now.boot_ms));
        }
        plan
    }

    /// The interval.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// When to look again, on the boot-time clock.
    pub fn next_ms(&self) -> u64 {
        self.next_ms
    }

    /// Looks at the plan. `busy`: the run before still waits or runs.
    pub fn tick(&mut self, now: Now, busy: Busy) -> Tick {
        if now.boot_ms < self.next_ms {
            return Tick::default();
        }
        let passed = (now.boot_ms - self.next_ms) / self.interval_ms;
        let latest_ms = self.next_ms + passed * self.interval_ms;
        let late = now.boot_ms - latest_ms >= self.half_ms();
        let too_soon =
            self.started_ms.is_some_and(|started_ms| now.boot_ms < started_ms.saturating_add(self.half_ms()));
        let scheduled_ms = self.offset_ms.saturating_add_unsigned(latest_ms);
        let due = Due { scheduled_at_ms: u64::try_from(scheduled_ms).unwrap_or(0), boot_ms: latest_ms };
        if (now.offset_ms() - self.offset_ms).abs() > WALL_STEP_MS {
            self.offset_ms = now.offset_ms();
        }
        // Half an interval on: the next tick of the phase, whether this one was of it, of the start or of an old anchor.
        self.next_ms = self.tick_from(latest_ms + self.half_ms());
        if busy == Busy::Yes || late || too_soon {
            return Tick { due: None, missed: passed + 1 };
        }
        Tick { due: Some(due), missed: passed }
    }

    /// The run that was due has really begun; a queue may lie between.
    pub fn started(&mut self, now: Now) {
        self.started_ms = Some(now.boot_ms);
    }

    /// Whether the last start was less than an interval ago.
    pub fn has_just_run(&self, now: Now) -> bool {
        self.started_ms.is_some_and(|started_ms| now.boot_ms < started_ms.saturating_add(self.interval_ms))
    }

    /// The first tick of the phase at or after an instant.
    fn tick_from(&self, boot_ms: u64) -> u64 {
        let wall_ms = i128::from(boot_ms) + i128::from(self.offset_ms);
        let ahead = (i128::from(self.phase_ms) - wall_ms).rem_euclid(i128::from(self.interval_ms));
        boot_ms + u64::try_from(ahead).expect("a remainder of an interval is smaller than the interval")
    }

    fn half_ms(&self) -> u64 {
        self.interval_ms.div_ceil(2)
    }
}

/// Whether the run before has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// It waits or runs.
    Yes,
    /// It has ended, or there was none.
    No,
}

/// The same on every start: of check and node alone.
fn phase_hash(check: CheckId, node: &NodeName) -> u64 {
    let hash = Sha256::new().chain_update(check.0.as_bytes()).chain_update(node.as_str()).finalize();
    u64::from_be_bytes(hash[..8].try_into().expect("SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests;
