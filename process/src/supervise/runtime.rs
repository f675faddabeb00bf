//! Shell: the asynchronous runtimes of a process, which never wait for stuck threads when it ends.
//!
//! `main` calls [`block_on`]; the agent also makes a second [`Runtime`] for guests, and the aggregator has its long work
//! done in the [`Background`].

use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::runtime::{Builder, Handle};

use super::chain;
use super::jobs::{Panicked, joined};

/// A second runtime, apart from the one `main` runs on.
#[derive(Debug)]
pub struct Runtime {
    inner: Option<tokio::runtime::Runtime>,
    handle: Handle,
}

/// Threads for long work of the processor, which give way to all others. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Background(Arc<Runtime>);

/// Runs a process to its end: exit code 0, or 1 with the error and its sources on standard error.
/// Threads that still block are left behind, so that an abort is one.
pub fn block_on<F, E>(process: F) -> ExitCode
where
    F: Future<Output = Result<(), E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    block_on_code(async {
        match process.await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {}", chain(error.into().as_ref()));
                ExitCode::FAILURE
            }
        }
    })
}

/// As [`block_on`], for a program whose exit codes mean more than success and failure.
pub fn block_on_code(process: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(process);
    runtime.shutdown_background();
    code
}

/// Makes the calling thread one that gives way to all others.
pub(super) fn give_way() {
    // SCHED_IDLE (sched(7)): a thread that wakes takes the core at once. A nice value only shares it out, and each step of
    // an answer would wait some milliseconds for its share. Everybody may do it; where it fails the work is less polite.
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
        tracing::debug!(?error, "a background thread has the priority of the others");
    }
}

// === impl Runtime ===

impl Runtime {
    /// Starts `threads` worker threads called `name`.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start(name: &str, threads: usize) -> io::Result<Self> {
        Self::of(Builder::new_multi_thread().thread_name(name).worker_threads(threads.max(1)).enable_all())
    }

    fn of(builder: &mut Builder) -> io::Result<Self> {
        let inner = builder.build()?;
        let handle = inner.handle().clone();
        Ok(Self { inner: Some(inner), handle })
    }

    /// Where [`super::Jobs::on`] spawns.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A plain drop would block, and panics inside a task.
        if let Some(inner) = self.inner.take() {
            inner.shutdown_background();
        }
    }
}

// === impl Background ===

impl Background {
    /// Starts one thread fewer than there are cores, so that one is left for what people ask; one at least.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start(name: &str) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = cores.saturating_sub(1).max(1);
        let mut builder = Builder::new_multi_thread();
        builder.thread_name(name).worker_threads(threads).on_thread_start(give_way);
        Runtime::of(&mut builder).map(|runtime| Self(Arc::new(runtime)))
    }

    /// Does `work` once a thread is free, and waits for it. It cannot be cancelled; dropping the future only drops its
    /// result.
    ///
    /// # Errors
    /// The work panicked.
    pub async fn run<T, F>(&self, name: &str, work: F) -> Result<T, Panicked>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        joined(name, self.0.handle.spawn(async move { work() }).await)
    }
}
