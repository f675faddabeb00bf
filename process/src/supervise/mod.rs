//! Shell: the only place tasks and threads are spawned.
//!
//! The composition root makes a [`Supervisor`] with its stages in the order they drain; each stage spawns named
//! tasks and sees its own token cancelled when its turn to stop comes. A task that panics or ends with an error
//! ends the process in the same orderly way. Nothing is restarted here: Kubernetes restarts processes.

mod jobs;
mod runtime;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::shutdown::{Course, Signals};

pub use jobs::{Full, Jobs, Panicked, blocking};
pub use runtime::{Background, Runtime, block_on, block_on_code};

type Reason = Box<dyn Error + Send + Sync>;

/// Owns every long-lived task of the process.
#[derive(Debug)]
pub struct Supervisor {
    core: Arc<Core>,
    stages: Vec<Stage>,
}

/// Where one stage of the process spawns its tasks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stage {
    name: &'static str,
    token: CancellationToken,
    tracker: TaskTracker,
    core: Arc<Core>,
}

#[derive(Debug, Default)]
struct Core {
    stop: CancellationToken,
    /// The first bad end; later ones are only logged, they are usually its consequence.
    fatal: Mutex<Option<Fatal>>,
    alive: Mutex<Alive>,
}

#[derive(Debug, Default)]
struct Alive {
    next_id: u64,
    names: BTreeMap<u64, String>,
}

/// Why the process ends with a failure.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// A task ended with an error.
    #[error("task {task} failed")]
    Failed {
        /// `stage/task`.
        task: String,
        /// What it ended with.
        source: Reason,
    },
    /// A task panicked: a bug.
    #[error("task {task} panicked: {message}")]
    Panicked {
        /// `stage/task`.
        task: String,
        /// The panic's message.
        message: String,
    },
    /// A second signal came while draining.
    #[error("aborted by a second signal while {} tasks drained: {}", alive.len(), alive.join(", "))]
    Aborted {
        /// `stage/task` of what was left behind.
        alive: Vec<String>,
    },
    /// The grace period ended before the drain did.
    #[error("the grace period of {} s ended before: {}", grace.as_secs(), alive.join(", "))]
    GraceOver {
        /// How long was granted.
        grace: Duration,
        /// `stage/task` of what was left behind.
        alive: Vec<String>,
    },
}

// === impl Supervisor ===

impl Supervisor {
    /// Stages in the order they drain: what takes work in first, what keeps it safe last. Each is told to stop
    /// only when every task of the one before has ended.
    #[must_use]
    pub fn in_drain_order<const N: usize>(names: [&'static str; N]) -> (Self, [Stage; N]) {
        let core = Arc::new(Core::default());
        let stages = names.map(|name| Stage {
            name,
            token: CancellationToken::new(),
            tracker: TaskTracker::new(),
            core: Arc::clone(&core),
        });
        (Self { core, stages: stages.to_vec() }, stages)
    }

    /// Cancelled at the first request to stop, before any stage is. Cancelling it asks to stop.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.core.stop.clone()
    }

    /// Waits until something asks to stop, then drains the stages in order within `grace`.
    ///
    /// # Errors
    /// The first bad end of a task, a second signal, or a grace period that was too short.
    pub async fn run(self, mut signals: Signals, grace: Duration) -> Result<(), Fatal> {
        let mut course = Course::default();
        tokio::select! {
            () = self.core.stop.cancelled() => {}
            () = signals.recv() => {}
        }
        course.asked();
        self.core.stop.cancel();
        tracing::info!(grace_s = grace.as_secs(), "draining");
        let ended = tokio::select! {
            biased;
            () = self.drain() => Ok(()),
            () = signals.recv() => {
                course.asked();
                Err(Fatal::Aborted { alive: self.core.alive() })
            }
            () = tokio::time::sleep(grace) => {
                course.grace_over();
                Err(Fatal::GraceOver { grace, alive: self.core.alive() })
            }
        };
        tracing::info!(?course, "ended");
        match self.core.take_fatal() {
            Some(fatal) => Err(fatal),
            None => ended,
        }
    }

    async fn drain(&self) {
        for stage in &self.stages {
            stage.token.cancel();
            stage.tracker.close();
            stage.tracker.wait().await;
            tracing::debug!(stage = stage.name, "drained");
        }
    }
}

// === impl Stage ===

impl Stage {
    /// Cancelled when this stage is to stop.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Spawns a task that lives until its stage drains, or ends well before. A panic or an error is fatal.
    pub fn spawn<F, E>(&self, name: impl Into<String>, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Reason>,
    {
        let life = Life::begin(self, name.into());
        self.tracker.spawn(async move {
            let ended = AssertUnwindSafe(task).catch_unwind().await;
            life.end(ended);
        });
    }

    /// Spawns a thread of its own, for work that blocks for as long as the process lives (a store's writer).
    /// It must end by itself when its stage's token is cancelled or its input ends. A panic or an error is fatal.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn spawn_thread<F, E>(&self, name: impl Into<String>, task: F) -> std::io::Result<()>
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: Into<Reason>,
    {
        let name = name.into();
        let life = Life::begin(self, name.clone());
        let tracked = self.tracker.token();
        std::thread::Builder::new().name(name).spawn(move || {
            let ended = std::panic::catch_unwind(AssertUnwindSafe(task));
            life.end(ended);
            drop(tracked);
        })?;
        Ok(())
    }

    /// As [`Stage::spawn_thread`], for long work that gives way to all other threads, like [`Background`].
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn spawn_background_thread<F, E>(&self, name: impl Into<String>, task: F) -> std::io::Result<()>
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: Into<Reason>,
    {
        self.spawn_thread(name, move || {
            runtime::give_way();
            task()
        })
    }
}

// === impl Core ===

impl Core {
    fn alive(&self) -> Vec<String> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).names.values().cloned().collect()
    }

    fn take_fatal(&self) -> Option<Fatal> {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn fail(&self, fatal: Fatal) {
        tracing::error!(error = %chain(&fatal), "a task ended badly, the process drains");
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fatal);
        self.stop.cancel();
    }
}

/// A task's entry among the living, removed however it ends.
struct Life {
    id: u64,
    task: String,
    core: Arc<Core>,
}

impl Life {
    fn begin(stage: &Stage, name: String) -> Self {
        let task = format!("{}/{name}", stage.name);
        let mut alive = stage.core.alive.lock().unwrap_or_else(PoisonError::into_inner);
        let id = alive.next_id;
        alive.next_id += 1;
        alive.names.insert(id, task.clone());
        drop(alive);
        Self { id, task, core: Arc::clone(&stage.core) }
    }

    fn end<E: Into<Reason>>(self, ended: Result<Result<(), E>, Box<dyn Any + Send>>) {
        let task = self.task.clone();
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.core.fail(Fatal::Failed { task, source: error.into() }),
            Err(panic) => {
                self.core.fail(Fatal::Panicked { task, message: panic_message(panic.as_ref()) });
            }
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.core.alive.lock().unwrap_or_else(PoisonError::into_inner).names.remove(&self.id);
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a text".to_owned()
    }
}

/// An error and its sources on one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        line.push_str(": ");
        line.push_str(&next.to_string());
        source = next.source();
    }
    line
}
