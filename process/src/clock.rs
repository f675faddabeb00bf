//! Shell: the only reader of the machine's clocks.
//!
//! Every stage that needs time holds a [`SharedClock`]; tests hold a [`ManualClock`].
//! It never sleeps: waiting is the caller's, on tokio's timer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The two clocks the product uses.
pub trait Clock: Send + Sync + 'static {
    /// Wall time in milliseconds since 1970 UTC. May step in both directions.
    fn wall_ms(&self) -> i64;

    /// Time since the machine booted, suspension included. Never steps back.
    fn boot(&self) -> Duration;

    /// [`Clock::boot`] in whole milliseconds.
    fn boot_ms(&self) -> u64 {
        u64::try_from(self.boot().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock shared between stages.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// A clock that moves only when a test moves it.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Arc<Mutex<Reading>>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    wall_ms: i64,
    boot: Duration,
}

// === impl SystemClock ===

impl SystemClock {
    /// The machine's clocks, ready to share.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody asks")]
    fn wall_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            // Before 1970 there is no valid certificate and no freeze: zero keeps every comparison defined.
            Err(_) => 0,
        }
    }

    fn boot(&self) -> Duration {
        let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME)
            .expect("Linux has had CLOCK_BOOTTIME since 2.6.39");
        Duration::from(now)
    }
}

// === impl ManualClock ===

impl ManualClock {
    /// A clock that stands at `wall_ms`, booted `boot` ago.
    #[must_use]
    pub fn new(wall_ms: i64, boot: Duration) -> Self {
        Self { now: Arc::new(Mutex::new(Reading { wall_ms, boot })) }
    }

    /// Lets time pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.boot += by;
        now.wall_ms += i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    }

    /// Steps the wall clock alone, as a time server does.
    pub fn step_wall_ms(&self, by_ms: i64) {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).wall_ms += by_ms;
    }

    fn reading(&self) -> Reading {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn wall_ms(&self) -> i64 {
        self.reading().wall_ms
    }

    fn boot(&self) -> Duration {
        self.reading().boot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_both_clocks() {
        let clock = SystemClock;
        assert!(clock.wall_ms() > 1_700_000_000_000, "later than 2023");
        let first = clock.boot();
        assert!(clock.boot() >= first);
        assert!(clock.boot_ms() > 0);
    }

    #[test]
    fn a_wall_step_leaves_the_boot_clock_alone() {
        let clock = ManualClock::new(1_000, Duration::from_secs(5));
        clock.advance(Duration::from_millis(250));
        clock.step_wall_ms(-10_000);
        assert_eq!(clock.wall_ms(), -8_750);
        assert_eq!(clock.boot_ms(), 5_250);
    }
}
