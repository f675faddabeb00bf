//! Shell: processes of this machine as the kernel shows them: children of a process, and the command to start one
//! again exactly as it was. Used by the suite `faults` to break what others started.

use std::{fs, process::Command};

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Process ids of the children of a process whose program has that name.
///
/// # Errors
/// `/proc` cannot be read.
pub fn children(parent: u32, program: &str) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between the listing and the look.
        let Ok(arguments) = arguments(pid) else { continue };
        let is_program = arguments.first().is_some_and(|path| path.rsplit('/').next() == Some(program));
        if is_program && parent_of(pid) == Some(parent) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// The command that starts a running process again: same program, environment and folder, and the same arguments but
/// for the values of some flags.
///
/// # Errors
/// There is no such process.
pub fn again(pid: u32, flags: &[(&str, &str)]) -> anyhow::Result<Command> {
    let mut arguments = arguments(pid)?;
    for (flag, value) in flags {
        let at = arguments.iter().position(|argument| argument == flag).with_context(|| format!("no {flag}"))?;
        *arguments.get_mut(at + 1).with_context(|| format!("{flag} has no value"))? = (*value).to_owned();
    }
    let (program, rest) = arguments.split_first().context("a process has a program")?;
    let mut command = Command::new(program);
    command.args(rest).env_clear().current_dir(fs::read_link(format!("/proc/{pid}/cwd"))?);
    for pair in words(&fs::read(format!("/proc/{pid}/environ"))?) {
        if let Some((name, value)) = pair.split_once('=') {
            command.env(name, value);
        }
    }
    Ok(command)
}

/// Sends a signal.
///
/// # Errors
/// There is no such process.
pub fn signal(pid: u32, signal: Signal) -> anyhow::Result<()> {
    Ok(kill(Pid::from_raw(i32::try_from(pid)?), signal)?)
}

/// Whether a process is still there; one that ended and was not waited for is not.
#[must_use]
pub fn runs(pid: u32) -> bool {
    state_of(pid).is_some_and(|state| state != 'Z')
}

fn arguments(pid: u32) -> anyhow::Result<Vec<String>> {
    Ok(words(&fs::read(format!("/proc/{pid}/cmdline"))?))
}

/// Words that each end with a zero byte.
fn words(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// The fields of `/proc/PID/stat` after the program's name, which may itself hold blanks.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.split_whitespace().map(str::to_owned).collect())
}

fn state_of(pid: u32) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

fn parent_of(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_and_could_be_started_again() {
        let own = std::process::id();
        let parent = parent_of(own).expect("a parent");
        let arguments = arguments(own).expect("arguments");
        let name = arguments[0].rsplit('/').next().expect("a name");
        assert!(children(parent, name).expect("readable").contains(&own));
        assert!(runs(own));
        assert_eq!(again(own, &[]).expect("a command").get_program().to_str(), Some(arguments[0].as_str()));
    }
}
