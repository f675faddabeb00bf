//! Shell: the signals that end a process, and the course they set.
//!
//! The first SIGTERM or SIGINT drains, the second aborts, a grace period bounds both; SIGHUP does nothing
//! (files reload by themselves). [`crate::supervise::Supervisor::run`] listens; nothing here stops anything.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Asked twice at most, so two waiting requests are all that can matter.
const REQUESTS_WAITING_MAX: usize = 2;

/// Where requests to stop come from.
#[derive(Debug)]
pub struct Signals {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Process { terminate: Signal, interrupt: Signal, hangup: Signal },
    Channel(mpsc::Receiver<()>),
}

/// What one more request to stop means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Finish what runs, take nothing new.
    Drain,
    /// Leave now.
    Abort,
}

/// How far the end of the process has come: a state machine without I/O.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Course {
    /// Nothing has asked to stop.
    #[default]
    Running,
    /// Draining within the grace period.
    Draining,
    /// Leaving at once.
    Aborting,
}

// === impl Signals ===

impl Signals {
    /// Takes over SIGTERM, SIGINT and SIGHUP of this process. Call it before anything is started, so that
    /// an early signal drains too.
    ///
    /// # Errors
    /// The system refuses to register the signals.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            source: Source::Process {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hangup: signal(SignalKind::hangup())?,
            },
        })
    }

    /// Requests that a test, or a process inside another, sends itself.
    #[must_use]
    pub fn channel() -> (mpsc::Sender<()>, Self) {
        let (sender, receiver) = mpsc::channel(REQUESTS_WAITING_MAX);
        (sender, Self { source: Source::Channel(receiver) })
    }

    /// Waits for the next request to stop; for ever when none can come any more. Safe to cancel.
    pub async fn recv(&mut self) {
        match &mut self.source {
            Source::Process { terminate, interrupt, hangup } => loop {
                tokio::select! {
                    Some(()) = terminate.recv() => return,
                    Some(()) = interrupt.recv() => return,
                    Some(()) = hangup.recv() => tracing::debug!("hang-up ignored: files reload by themselves"),
                    else => return std::future::pending().await,
                }
            },
            Source::Channel(requests) => {
                if requests.recv().await.is_none() {
                    std::future::pending().await
                }
            }
        }
    }
}

// === impl Course ===

impl Course {
    /// One more request to stop: by a signal, or because a task ended badly.
    pub fn asked(&mut self) -> Step {
        let (next, step) = match self {
            Self::Running => (Self::Draining, Step::Drain),
            Self::Draining | Self::Aborting => (Self::Aborting, Step::Abort),
        };
        *self = next;
        step
    }

    /// The grace period is over: whatever still drains is left behind.
    pub fn grace_over(&mut self) -> Step {
        *self = Self::Aborting;
        Step::Abort
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_drains_second_aborts() {
        let mut course = Course::default();
        assert_eq!(course.asked(), Step::Drain);
        assert_eq!(course, Course::Draining);
        assert_eq!(course.asked(), Step::Abort);
        assert_eq!(course.asked(), Step::Abort, "a third changes nothing");
    }

    #[test]
    fn grace_aborts_a_drain() {
        let mut course = Course::default();
        course.asked();
        assert_eq!(course.grace_over(), Step::Abort);
        assert_eq!(course, Course::Aborting);
    }

    #[tokio::test]
    async fn a_channel_stands_in_for_signals() {
        let (stop, mut signals) = Signals::channel();
        stop.send(()).await.expect("receiver lives");
        signals.recv().await;
    }
}
