//! Shell: a process a test started. It has its own process group, its output goes to files, and it ends with the value:
//! asked first, then made to. A failing test prints the end of its log.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

use crate::until::until;

/// How long a process may take to end when asked: over the drain of an agent, 10 s.
const GRACE: Duration = Duration::from_secs(15);
/// Lines of a log that a failing test prints.
const TAIL_LINES: usize = 30;
/// Characters of each: a registry's lines have thousands.
const LINE_CHARS: usize = 400;
/// Between two looks at whether a process has ended.
const POLL: Duration = Duration::from_millis(10);

/// A running process.
#[derive(Debug)]
pub struct Child {
    name: String,
    process: std::process::Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Child {
    /// Starts a process with its output in `<folder>/<name>.stdout` and `.stderr`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(name: &str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let (stdout, stderr) = (folder.join(format!("{name}.stdout")), folder.join(format!("{name}.stderr")));
        // A pipe that stays open: some of our processes end when the one who started them lets go of it.
        command.stdin(Stdio::piped()).stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
        let process = command.process_group(0).spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name: name.to_owned(), process, stdout, stderr })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until a function finds what it looks for in the output so far.
    ///
    /// # Errors
    /// The process ended, or the deadline passed; both with the end of its log.
    pub async fn says<T>(
        &mut self,
        deadline: Duration,
        what: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let what = format!("{} to say {what}", self.name);
        let found = until(deadline, &what, async || {
            if let Some(found) = find(&self.output()) {
                return Ok(Some(found));
            }
            match self.process.try_wait()? {
                Some(status) => bail!("{} ended with {status}", self.name),
                None => Ok(None),
            }
        });
        match found.await {
            Ok(found) => Ok(found),
            Err(error) => Err(error.context(self.tail())),
        }
    }

    /// Everything it wrote so far, stdout first.
    #[must_use]
    pub fn output(&self) -> String {
        [&self.stdout, &self.stderr]
            .map(|file| fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default())
            .concat()
    }

    /// Sends a signal to the process alone.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill(self.group(), signal)?)
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// It did not end before the deadline.
    pub fn wait(&mut self, deadline: Duration) -> anyhow::Result<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < deadline {
            if let Some(status) = self.process.try_wait()? {
                return Ok(status);
            }
            thread::sleep(POLL);
        }
        bail!("{} did not end within {deadline:?}", self.name)
    }

    /// Ends it: SIGTERM, and SIGKILL to the whole group when that was not enough.
    pub fn stop(&mut self) {
        // An error means it has ended already, which is what is wanted.
        let _ = self.signal(Signal::SIGTERM);
        if self.wait(GRACE).is_err() {
            let _ = killpg(self.group(), Signal::SIGKILL);
            let _ = self.process.wait();
        }
    }

    fn group(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.id()).expect("Linux process ids are positive and below 2^22"))
    }

    fn tail(&self) -> String {
        let output = self.output();
        let lines: Vec<String> = output.lines().map(|line| line.chars().take(LINE_CHARS).collect()).collect();
        let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
        format!("the end of {}'s log:\n{tail}", self.name)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            let _ = writeln!(io::stderr(), "{}", self.tail());
        }
    }
}
