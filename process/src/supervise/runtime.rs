//! Shell: the asynchronous runtimes of a process, which never wait for stuck threads when it ends.
//!
//! `main` calls [`block_on`]; the agent also makes a second [`Runtime`] for guests.

use std::io;
use std::process::ExitCode;

use tokio::runtime::{Builder, Handle};

use super::chain;

/// A second runtime, apart from the one `main` runs on.
#[derive(Debug)]
pub struct Runtime {
    inner: Option<tokio::runtime::Runtime>,
    handle: Handle,
}

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

// === impl Runtime ===

impl Runtime {
    /// Starts `threads` worker threads called `name`.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start(name: &str, threads: usize) -> io::Result<Self> {
        let inner =
            Builder::new_multi_thread().thread_name(name).worker_threads(threads.max(1)).enable_all().build()?;
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
