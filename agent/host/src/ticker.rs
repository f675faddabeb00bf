//! Shell: the OS thread that ticks the engine's epoch, so that a guest which never calls the host is still stopped.
//! A thread and not a task: a task can be starved by the very guest it must stop. It judges nothing: `run` does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two ticks. A guest is stopped at most one tick after its CPU budget; finer ticks cost every loop a yield.
pub const TICK: Duration = Duration::from_millis(10);

/// A hundred ticks: a thread that was only waiting for a busy machine has ticked since.
const STILL: Duration = Duration::from_secs(1);

/// The running thread; stops and joins when dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    started: Instant,
    /// Milliseconds from `started` to the last tick.
    beat_ms: AtomicU64,
    stop: AtomicBool,
}

impl Ticker {
    /// Starts the thread.
    pub(crate) fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let shared =
            Arc::new(Shared { started: Instant::now(), beat_ms: AtomicU64::new(0), stop: AtomicBool::new(false) });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("epoch".to_owned()).spawn(move || {
            while !of_thread.stop.load(Ordering::Relaxed) {
                std::thread::park_timeout(TICK);
                engine.increment_epoch();
                of_thread.beat_ms.store(of_thread.now_ms(), Ordering::Relaxed);
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Whether the last tick is too long ago: budgets do not hold then.
    pub(crate) fn stands_still(&self) -> bool {
        let silent_ms = self.shared.now_ms().saturating_sub(self.shared.beat_ms.load(Ordering::Relaxed));
        Duration::from_millis(silent_ms) > STILL
    }
}

impl Shared {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let outcome = thread.join();
            debug_assert!(outcome.is_ok(), "the ticker only counts");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_stopped_is_noticed() {
        let mut ticker = Ticker::start(wasmtime::Engine::default()).expect("a thread");
        assert!(!ticker.stands_still());
        let ended = ticker.shared.started.checked_sub(2 * STILL).expect("the machine runs for seconds");
        ticker.shared.stop.store(true, Ordering::Relaxed);
        ticker.thread.take().expect("running").join().expect("it only counts");
        let shared = Shared { started: ended, beat_ms: AtomicU64::new(0), stop: AtomicBool::new(true) };
        let stopped = Ticker { shared: Arc::new(shared), thread: None };
        assert!(stopped.stands_still());
    }
}
