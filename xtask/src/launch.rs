//! Shell: child processes: run to the end, or kept in a group that never outlives this process.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGINT, SIGTERM};

/// `floorwalker up` ends three processes, one after the other, within 10 s each; then the group is killed.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(35);
/// How often an ended child is looked for: a person does not notice it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Set by the first Ctrl-C or SIGTERM.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

/// A child in a group of its own: told to end when dropped, then killed with all that it started.
#[derive(Debug)]
pub(crate) struct Group {
    name: String,
    child: Child,
}

/// How a child that was watched ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Itself(ExitStatus),
    Interrupted,
}

/// What cargo tells a program that it runs about that program's package (The Cargo Book, "Environment variables Cargo
/// sets for crates"). Handed on to another cargo it would look like the user's wish: ring's build script asks to run
/// again when one of these changes, and all that needs TLS would be built again after each `cargo test -p …`. What
/// users set themselves, such as `CARGO_TARGET_DIR` or `CARGO_TERM_COLOR`, is not among them.
const OF_XTASK: [&str; 19] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// A command in the checkout, as if the user had typed it.
pub(crate) fn cargo(root: &std::path::Path, words: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(words);
    for name in OF_XTASK {
        command.env_remove(name);
    }
    command
}

/// Runs to the end; anything but success is an error that names the command.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("`{line}` does not start"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs to the end and takes its standard output.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let line = line(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("`{line}` does not start"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no text"))
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

// === impl Interrupt ===

impl Interrupt {
    /// Takes over Ctrl-C and SIGTERM, so that children are ended before this process is. A second one hurries nothing:
    /// it would leave them behind, and their end is bounded.
    pub(crate) fn catch() -> anyhow::Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        Ok(Self(flag))
    }

    pub(crate) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Group ===

impl Group {
    pub(crate) fn start(name: &str, command: &mut Command) -> anyhow::Result<Self> {
        let child = command.process_group(0).spawn().with_context(|| format!("`{}` does not start", line(command)))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// Waits until it ends or somebody interrupts.
    pub(crate) fn watch(&mut self, interrupt: &Interrupt) -> anyhow::Result<Ended> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(Ended::Itself(status));
            }
            if interrupt.came() {
                return Ok(Ended::Interrupted);
            }
            sleep(LOOK_EVERY);
        }
    }

    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("{} cannot be waited for", self.name))
    }

    /// What it says, when it was started with a pipe.
    pub(crate) fn stdout(&mut self) -> anyhow::Result<ChildStdout> {
        self.child.stdout.take().with_context(|| format!("the output of {} goes elsewhere", self.name))
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // The leader alone: it ends its own children in its own order.
            kill(self.id(), Signal::SIGTERM).ok();
            for _ in 0..(DRAIN_TIME_MAX.as_millis() / LOOK_EVERY.as_millis()) {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    break;
                }
                sleep(LOOK_EVERY);
            }
        }
        // An empty group is what is wanted.
        killpg(self.id(), Signal::SIGKILL).ok();
        self.child.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_command() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).expect_err("exit 3");
        assert_eq!(error.to_string(), "`sh -c exit 3` ended with exit status: 3");
    }

    #[test]
    fn cargo_hears_nothing_of_the_package_of_xtask() {
        // Run by `cargo test`, this process is told of its package as `cargo xtask` is.
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut cargo = cargo(root, &[]);
        let kept = cargo.env("CARGO_TERM_COLOR", "never").get_envs().filter(|(_, value)| value.is_some()).count();
        assert_eq!(kept, 1, "users' own words stay");
        // The same environment, shown by another program than cargo.
        let mut shown = Command::new("env");
        for (name, value) in cargo.get_envs() {
            match value {
                Some(value) => shown.env(name, value),
                None => shown.env_remove(name),
            };
        }
        let shown = output(&mut shown).expect("env runs");
        let told = |line: &&str| line.starts_with("CARGO_PKG_") || line.starts_with("CARGO_MANIFEST_");
        assert_eq!(shown.lines().find(told), None);
        assert!(shown.lines().any(|line| line == "CARGO_TERM_COLOR=never"), "{shown}");
    }

    #[test]
    fn a_dropped_group_takes_its_children_along() {
        let mut command = Command::new("sh");
        // The child of the shell keeps the pipe open for as long as it lives.
        command.args(["-c", "sleep 600 & echo up; wait"]).stdout(Stdio::piped());
        let mut group = Group::start("shell", &mut command).expect("sh starts");
        let mut pipe = group.stdout().expect("piped");
        drop(group);
        let mut said = String::new();
        std::io::Read::read_to_string(&mut pipe, &mut said).expect("the pipe ends with the last process");
        assert!(said.is_empty() || said == "up\n");
    }
}
