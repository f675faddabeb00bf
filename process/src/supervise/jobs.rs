//! Shell: short tasks in a bounded group, owned by the task that joins them: connections, runs of checks.
//!
//! A job's panic is handed to its owner and ends nothing else. Dropping the group aborts what still runs.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};

use super::panic_message;

/// A bounded group of jobs whose results are of type `T`.
#[derive(Debug)]
pub struct Jobs<T> {
    set: JoinSet<Result<T, Panicked>>,
    jobs_max: usize,
    runtime: Option<Handle>,
}

/// A job or a blocking call panicked: a bug, contained.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{job} panicked: {message}")]
pub struct Panicked {
    /// The name it was spawned under.
    pub job: String,
    /// The panic's message.
    pub message: String,
}

/// The group holds as many jobs as it may.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{jobs_max} jobs run already, {job} was not started")]
pub struct Full {
    /// What was not started.
    pub job: String,
    /// The group's limit.
    pub jobs_max: usize,
}

// === impl Jobs ===

impl<T: Send + 'static> Jobs<T> {
    /// A group of at most `jobs_max` jobs on the caller's runtime.
    #[must_use]
    pub fn new(jobs_max: usize) -> Self {
        Self { set: JoinSet::new(), jobs_max, runtime: None }
    }

    /// A group whose jobs run on another runtime: guests, apart from the control plane.
    #[must_use]
    pub fn on(runtime: Handle, jobs_max: usize) -> Self {
        Self { set: JoinSet::new(), jobs_max, runtime: Some(runtime) }
    }

    /// Starts a job.
    ///
    /// # Errors
    /// The group is full; the future is dropped.
    pub fn spawn<F>(&mut self, name: impl Into<String>, job: F) -> Result<(), Full>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let name = name.into();
        if !self.has_room() {
            return Err(Full { job: name, jobs_max: self.jobs_max });
        }
        let contained = async move {
            AssertUnwindSafe(job)
                .catch_unwind()
                .await
                .map_err(|panic| Panicked { job: name, message: panic_message(panic.as_ref()) })
        };
        match &self.runtime {
            Some(runtime) => self.set.spawn_on(contained, runtime),
            None => self.set.spawn(contained),
        };
        Ok(())
    }

    /// The next job that ended; `None` when none runs. Safe to cancel.
    pub async fn join_next(&mut self) -> Option<Result<T, Panicked>> {
        loop {
            match self.set.join_next().await? {
                Ok(ended) => return Some(ended),
                // Only `abort_all` cancels, and whoever called it wants no result.
                Err(_cancelled) => {}
            }
        }
    }

    /// Aborts everything that runs.
    pub fn abort_all(&mut self) {
        self.set.abort_all();
    }

    /// Whether one more job fits.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.set.len() < self.jobs_max
    }

    /// How many jobs run or wait to be joined.
    #[must_use]
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether no job runs or waits to be joined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }
}

/// Runs a call that blocks (disk, processor) away from the tasks, and waits for it. The call itself cannot be
/// cancelled; dropping the future only drops its result.
///
/// # Errors
/// The call panicked.
pub async fn blocking<T, F>(name: &str, call: F) -> Result<T, Panicked>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "this is the place that wraps it")]
    let running = tokio::task::spawn_blocking(call);
    joined(name, running.await)
}

/// What a task said, or how it panicked.
pub(super) fn joined<T>(name: &str, ended: Result<T, JoinError>) -> Result<T, Panicked> {
    ended.map_err(|error| Panicked {
        job: name.to_owned(),
        message: match error.try_into_panic() {
            Ok(panic) => panic_message(panic.as_ref()),
            Err(_) => "cancelled before it began".to_owned(),
        },
    })
}
