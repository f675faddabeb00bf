//! Shell: the processes of an `up`: started, looked at, and ended with it. They stay in its process group, so that
//! whoever ends the group ends them too; `tied` ends them when this process is killed.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use crate::failure::Failure;

/// A signal to the whole group (Ctrl-C) reaches the children too: so long they may take to end by themselves, before
/// they are asked. Asked twice they would leave without draining.
const ALONE: Duration = Duration::from_millis(1_500);
/// From being asked to being killed: over the agents' grace, which `start` sets.
const DRAIN: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Of a log: until a child is ready it has 20 KiB, and `TAIL_LINES` have 4 KiB.
const LOG_BYTES_MAX: u64 = 1 << 20;
/// Lines of a log that are repeated when a child ends.
const TAIL_LINES: usize = 20;

/// A process.
#[derive(Debug)]
pub(super) struct Child {
    name: String,
    process: Process,
    log: PathBuf,
}

/// All of them, in the order of their start.
#[derive(Debug, Default)]
pub(super) struct Family(Vec<Child>);

impl Child {
    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until its log says something.
    pub(super) async fn says<T>(
        &mut self,
        time_max: Duration,
        what: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Failure> {
        let start = Instant::now();
        loop {
            if let Some(found) = find(&self.log_text()) {
                return Ok(found);
            }
            if let Some(failure) = self.ended() {
                return Err(failure);
            }
            if start.elapsed() > time_max {
                return Err(Failure::Here(format!(
                    "{} did not say {what} within {time_max:?}\n{}",
                    self.name,
                    self.tail()
                )));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Why it is no longer there, if so.
    fn ended(&mut self) -> Option<Failure> {
        let status = self.process.try_wait().ok().flatten()?;
        Some(Failure::Here(format!("{} ended with {status}\n{}", self.name, self.tail())))
    }

    /// The end of its log, as far as it is looked at.
    fn log_text(&self) -> String {
        let read = || {
            let mut log = File::open(&self.log)?;
            let skipped = log.metadata()?.len().saturating_sub(LOG_BYTES_MAX);
            log.seek(SeekFrom::Start(skipped))?;
            let mut bytes = vec![];
            log.take(LOG_BYTES_MAX).read_to_end(&mut bytes)?;
            std::io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        // One that cannot be read says nothing.
        read().unwrap_or_default()
    }

    fn tail(&self) -> String {
        let text = self.log_text();
        let lines: Vec<_> = text.lines().collect();
        format!("the end of {}:\n{}", self.log.display(), lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
    }

    fn signal(&self, signal: Signal) {
        // One that has ended is what is wanted.
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).ok();
    }

    /// Whether it ended within a time.
    async fn is_gone(&mut self, time_max: Duration) -> bool {
        let start = Instant::now();
        while start.elapsed() < time_max {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return true;
            }
            sleep(LOOK_EVERY).await;
        }
        !matches!(self.process.try_wait(), Ok(None))
    }
}

impl Family {
    /// Starts a program with its output in a log.
    pub(super) fn start(&mut self, name: &str, mut command: Command, logs: &Path) -> Result<&mut Child, Failure> {
        let log = logs.join(format!("{name}.log"));
        let complain = |error: &std::io::Error| {
            let program = command.get_program().to_string_lossy().into_owned();
            Failure::here(format!("{program} does not start"), error)
        };
        let file = File::create(&log).map_err(|error| complain(&error))?;
        let both = file.try_clone().map_err(|error| complain(&error))?;
        let spawned = command.stdin(Stdio::null()).stdout(file).stderr(both).spawn();
        let process = spawned.map_err(|error| {
            Failure::here(format!("{} does not start", command.get_program().to_string_lossy()), &error)
        })?;
        self.0.push(Child { name: name.to_owned(), process, log });
        Ok(self.0.last_mut().expect("one was pushed just now"))
    }

    /// Says when one of them is no longer there.
    pub(super) fn ended(&mut self) -> Option<Failure> {
        self.0.iter_mut().find_map(Child::ended)
    }

    /// Ends all, the last started first: agents report to an aggregator that still listens.
    pub(super) async fn end(&mut self) {
        let start = Instant::now();
        for mut child in self.0.drain(..).rev() {
            if child.is_gone(ALONE.saturating_sub(start.elapsed())).await {
                continue;
            }
            child.signal(Signal::SIGTERM);
            if !child.is_gone(DRAIN).await {
                child.signal(Signal::SIGKILL);
                child.process.wait().ok();
            }
        }
    }
}

impl Drop for Family {
    /// The net under a panic or an early return: nothing stays behind.
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.signal(Signal::SIGKILL);
            child.process.wait().ok();
        }
    }
}
