//! Shell: the OS thread that ticks the engine's epoch, so that a guest which never calls the host is still stopped.
//! A thread and not a task: a task can be starved by the very guest it must stop. It judges nothing: `run` does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two ticks. A guest is stopped at most one tick after its CPU budget; finer ticks cost every loop a yield.
pub const TICK: Duration = Duration::from_millis(10);

/// The running thread; stops and joins when dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    beats: AtomicU64,
    stop: AtomicBool,
}

impl Ticker {
    /// Starts the thread.
    pub(crate) fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { beats: AtomicU64::new(0), stop: AtomicBool::new(false) });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("epoch".to_owned()).spawn(move || {
            while !of_thread.stop.load(Ordering::Relaxed) {
                std::thread::park_timeout(TICK);
                engine.increment_epoch();
                of_thread.beats.fetch_add(1, Ordering::Relaxed);
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Ticks so far: a watcher that sees it stand still knows that budgets no longer hold.
    pub(crate) fn beats(&self) -> u64 {
        self.shared.beats.load(Ordering::Relaxed)
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
