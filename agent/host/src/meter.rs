//! Shell: the clocks of one run: CPU of the thread that polls it, and elapsed time. `run` reads both, `steps` and
//! `net` time their parts with `Stopwatch`. The CPU counted is the guest's and the host's work for it on that thread;
//! what other threads do for it, name resolution alone, is bounded by its own pool.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
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

/// CPU time of one run. A run is polled by one thread at a time, so plain stores suffice.
#[derive(Default)]
pub(crate) struct CpuMeter {
    /// Nanoseconds of polls that are over.
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

    /// CPU time of all polls that are over.
    pub(crate) fn used(&self) -> Duration {
        Duration::from_nanos(self.used.load(Ordering::Relaxed))
    }
}

/// A future whose polls are charged to a meter.
pub(crate) struct Metered<'a, T> {
    inner: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    meter: Arc<CpuMeter>,
}

impl<'a, T> Metered<'a, T> {
    pub(crate) fn new(meter: &Arc<CpuMeter>, inner: impl Future<Output = T> + Send + 'a) -> Self {
        Self { inner: Box::pin(inner), meter: Arc::clone(meter) }
    }
}

impl<T> Future for Metered<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let began = thread_cpu_ns();
        self.meter.poll_began.store(began, Ordering::Relaxed);
        let polled = self.inner.as_mut().poll(context);
        let spent = thread_cpu_ns().saturating_sub(began);
        self.meter.used.fetch_add(spent, Ordering::Relaxed);
        polled
    }
}

fn thread_cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every Linux has this clock");
    let seconds = u64::try_from(now.tv_sec()).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec()).unwrap_or(0)
}
