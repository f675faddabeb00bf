//! Shell: builds plugins, guests, binaries and the compiler, and says how far it is.
//!
//! Three cargo invocations, because features unify within one: the compiler's Cranelift would reach the agent.

use std::io::{BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::args::Setting;
use crate::launch;
use crate::progress::Progress;
use crate::tree::Workspace;

/// Wide enough that cargo shortens no count.
const BAR_WIDTH: &str = "100";

/// The packages that never go into one invocation with the binaries: another target, or Cranelift.
pub(crate) const APART: [&str; 4] = ["--exclude", "floorwalker-guests", "--exclude", "floorwalker-compile"];

pub(crate) fn run(setting: &Setting) -> anyhow::Result<()> {
    crate::need::get(setting)?;
    all(setting)
}

/// Everything that runs: a second time this takes seconds.
pub(crate) fn all(setting: &Setting) -> anyhow::Result<()> {
    components(setting)?;
    let mut binaries =
        launch::cargo(&setting.root, &["build", "--locked", "--workspace", "--bins", "--exclude", "xtask"]);
    binaries.args(APART);
    shown("binaries", &mut binaries)?;
    shown("compiler", &mut launch::cargo(&setting.root, &["build", "--locked", "-p", "floorwalker-compile"]))
}

/// The plugins and the hostile guests, as WebAssembly components.
pub(crate) fn components(setting: &Setting) -> anyhow::Result<()> {
    let workspace = Workspace::load(&setting.root)?;
    // A plugin is a library; the guests are examples, since cargo gives a package one library.
    let words = ["build", "--locked", "--profile", "plugin", "--target", "wasm32-wasip2", "--lib", "--examples"];
    let mut command = launch::cargo(&setting.root, &words);
    for name in workspace.components() {
        command.args(["-p", &name]);
    }
    shown("plugins and guests", &mut command)
}

/// Runs one cargo build and turns its bar into lines.
pub(crate) fn shown(name: &'static str, command: &mut Command) -> anyhow::Result<()> {
    let line = launch::line(command);
    let started = Instant::now();
    let mut child = command
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", BAR_WIDTH)
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{line}` does not start"))?;
    let mut progress = Progress::new(name);
    let said = child.stderr.take().expect("piped above");
    pieces(said, |piece| {
        if let Some(line) = progress.piece(piece, started.elapsed()) {
            eprintln!("{line}");
        }
    })?;
    let status = child.wait()?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    eprintln!("{}", progress.end(started.elapsed()));
    Ok(())
}

/// Cargo ends a drawing of its bar with a carriage return, everything else with a new line.
fn pieces(from: impl Read, mut each: impl FnMut(&str)) -> anyhow::Result<()> {
    let mut piece = Vec::new();
    for byte in BufReader::new(from).bytes() {
        match byte? {
            b'\n' | b'\r' => {
                each(&String::from_utf8_lossy(&piece));
                piece.clear();
            }
            other => piece.push(other),
        }
    }
    each(&String::from_utf8_lossy(&piece));
    Ok(())
}
