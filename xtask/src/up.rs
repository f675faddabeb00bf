//! Shell: builds everything, starts it on this machine, tells the story, and stays up until Ctrl-C.
//!
//! Three children: `floorwalker-parts` (the shop stand-in and a registry), `floorwalker up` (aggregator and agents),
//! `floorwalker-story` (the requests). Each has a group of its own, which ends with this process.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::Deserialize;

use crate::args::{Setting, Up};
use crate::launch::{Ended, Group, Interrupt};
use crate::{build, need, next};

/// Aggregator and agents are ready within seconds; a loaded machine compiles plugins for longer.
const READY_TIME_MAX: Duration = Duration::from_secs(120);
/// How often `state.json` is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What `floorwalker-parts` prints.
#[derive(Debug, Deserialize)]
struct Parts {
    shop: Address,
    registry: Address,
}

#[derive(Debug, Deserialize)]
struct Address {
    url: String,
}

pub(crate) fn run(setting: &Setting, up: &Up) -> anyhow::Result<()> {
    // Before the build: it would replace the programs of one that runs.
    let _lock = alone(setting)?;
    need::get(setting)?;
    if let [lack, ..] = need::shown(setting).as_slice() {
        bail!("{lack}");
    }
    build::all(setting)?;
    let (around, folder) = (setting.target.join("up-parts"), setting.target.join("up"));
    let state = folder.join("state.json");
    fresh(&around, &state)?;
    let interrupt = Interrupt::catch()?;
    let (_parts, addresses) = parts(setting, &around)?;
    let mut floorwalker = floorwalker(setting, &folder, &addresses, up)?;
    if !ready(&mut floorwalker, &state, &interrupt)? {
        return interrupted(up);
    }
    let mut story = Command::new(setting.binaries().join("floorwalker-story"));
    let mut story = Group::start("the story", story.arg("--state").arg(&state))?;
    match story.watch(&interrupt)? {
        Ended::Interrupted => return interrupted(up),
        Ended::Itself(status) if status.success() => {}
        Ended::Itself(status) => bail!("the story did not come out as told ({status})"),
    }
    if up.check {
        return Ok(());
    }
    eprintln!("{}", next::read(setting, &state)?);
    match floorwalker.watch(&interrupt)? {
        Ended::Interrupted => Ok(()),
        Ended::Itself(status) => {
            bail!("floorwalker up ended by itself ({status}); its logs are in {}", folder.display())
        }
    }
}

/// A person who ends it got what was asked for; a check that was not finished proves nothing.
fn interrupted(up: &Up) -> anyhow::Result<()> {
    if up.check {
        bail!("interrupted before the story was told");
    }
    Ok(())
}

/// Two of them would share programs, a folder and a port.
fn alone(setting: &Setting) -> anyhow::Result<Flock<File>> {
    let path = setting.target.join("up.lock");
    let failed = || format!("{} cannot be locked", path.display());
    fs::create_dir_all(&setting.target).with_context(failed)?;
    // Not truncated: it names the process that holds it.
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    match Flock::lock(file.with_context(failed)?, FlockArg::LockExclusiveNonblock) {
        Ok(mut locked) => {
            locked.set_len(0).with_context(failed)?;
            write!(&mut *locked, "{}", std::process::id()).with_context(failed)?;
            Ok(locked)
        }
        Err((mut held, Errno::EWOULDBLOCK)) => {
            let mut pid = String::new();
            held.read_to_string(&mut pid).with_context(failed)?;
            bail!("another `cargo xtask up` runs here, process {}: end it with Ctrl-C first", pid.trim())
        }
        Err((_, errno)) => Err(errno).with_context(failed),
    }
}

/// Each start tells the story from its beginning. `floorwalker up` empties its own folder; an old `state.json` would
/// only look like a new one.
fn fresh(around: &Path, state: &Path) -> anyhow::Result<()> {
    if around.exists() {
        fs::remove_dir_all(around).with_context(|| format!("{} cannot be emptied", around.display()))?;
    }
    fs::create_dir_all(around).with_context(|| format!("{} cannot be made", around.display()))?;
    match fs::remove_file(state) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", state.display()))
        }
        _ => Ok(()),
    }
}

/// Starts shop and registry, and takes their addresses. They also end when our end of their input closes.
fn parts(setting: &Setting, folder: &Path) -> anyhow::Result<(Group, Parts)> {
    let mut command = Command::new(setting.binaries().join("floorwalker-parts"));
    command.arg("--dir").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut group = Group::start("shop and registry", &mut command)?;
    let mut line = String::new();
    BufReader::new(group.stdout()?).read_line(&mut line)?;
    let parts = serde_json::from_str(&line).context("shop and registry did not start")?;
    Ok((group, parts))
}

/// Starts aggregator and agents.
fn floorwalker(setting: &Setting, folder: &Path, parts: &Parts, up: &Up) -> anyhow::Result<Group> {
    let program = setting.binaries().join("floorwalker");
    let mut command = Command::new(&program);
    // It ends with this process even when that is killed.
    command.args(["tied", &std::process::id().to_string()]).arg(&program);
    command.arg("up").arg("--dir").arg(folder).arg("--plugins").arg(setting.components());
    command.args(["--shop", &parts.shop.url, "--registry", &parts.registry.url]);
    if up.check {
        // Nobody types its address, and it must not fail because the usual port is taken.
        command.args(["--port", "0"]);
    }
    Group::start("floorwalker up", &mut command)
}

/// Waits for `state.json`, which is written last. False when somebody interrupted.
fn ready(up: &mut Group, state: &Path, interrupt: &Interrupt) -> anyhow::Result<bool> {
    let started = Instant::now();
    while started.elapsed() < READY_TIME_MAX {
        if interrupt.came() {
            return Ok(false);
        }
        if state.is_file() {
            return Ok(true);
        }
        if let Some(status) = up.ended()? {
            bail!("floorwalker up ended before it was ready ({status})");
        }
        sleep(LOOK_EVERY);
    }
    bail!("floorwalker up was not ready after {} s", READY_TIME_MAX.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_turned_away_before_anything_is_built() {
        let target = tempfile::tempdir().expect("a folder");
        let setting = Setting { target: target.path().to_owned(), ..crate::args::setting() };
        let first = alone(&setting).expect("the first");
        let refused = run(&setting, &Up { check: true }).expect_err("the second").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert_eq!(fs::read_dir(target.path()).expect("readable").count(), 1, "the lock alone");
        drop(first);
        alone(&setting).expect("free again");
    }
}
