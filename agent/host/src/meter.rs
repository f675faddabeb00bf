//! Shell: the clocks of one run: CPU of the threads that work for it, and elapsed time. `run` reads both, `steps` and
//! `net` time their parts with `Stopwatch`. The CPU counted is the guest's and the host's work for it on the thread
//! that polls it, and what backends charge by `charge`; name resolution alone is not counted, its pool bounds it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Elapsed time since a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// CPU time of one run, which is polled by one thread at a time.
#[derive(Default)]
pub(crate) struct CpuMeter {
    /// Nanoseconds of polls that are over, and of work on other threads.
    used: AtomicU64,
    /// Where the thread's clock stood when the present poll began.
    poll_began: AtomicU64,
}

impl CpuMeter {
    /// CPU time up to now; only from within a poll of the run.
    pub(crate) fn used_within_poll(&self) -> Duration {
        let present = thread_cpu_ns().saturating_sub(self.poll_began.load(Ordering::Relaxed));
        Duration::from_nanos(self.used.load(Ordering::Relaxed) + present)
    }

    /// CPU time of all polls that are over, and of work on other threads.
    pub(crate) fn used(&self) -> Duration {
        Duration::from_nanos(self.used.load(Ordering::Relaxed))
    }

    /// Counts one poll.
    pub(crate) fn poll<T>(&self, poll: impl FnOnce() -> T) -> T {
        let began = thread_cpu_ns();
        self.poll_began.store(began, Ordering::Relaxed);
        let polled = poll();
        self.add(thread_cpu_ns().saturating_sub(began));
        polled
    }

    /// Counts work that another thread has done.
    pub(crate) fn add(&self, spent_ns: u64) {
        self.used.fetch_add(spent_ns, Ordering::Relaxed);
    }
}

/// What this thread has used, in nanoseconds.
pub(crate) fn thread_cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every Linux has this clock");
    let seconds = u64::try_from(now.tv_sec()).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec()).unwrap_or(0)
}
