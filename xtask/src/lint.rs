//! Shell: format, lints with warnings as errors, the invariants, and the dependencies' licences, sources and bans.

use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::args::Setting;
use crate::tree::Workspace;
use crate::{build, launch, need, tidy};

/// Pinned: its answers belong to this state of the repository.
const DENY_VERSION: &str = "0.20.2";
const DENY_CHECKS: [&str; 4] = ["check", "bans", "licenses", "sources"];

/// Every lint runs, so that one look shows all there is to mend.
pub(crate) fn run(setting: &Setting) -> anyhow::Result<()> {
    need::get(setting)?;
    let lints: [(&str, Lint); 4] = [("fmt", fmt), ("clippy", clippy), ("tidy", tidy::run), ("deny", dependencies)];
    let mut failed = Vec::new();
    for (name, lint) in lints {
        eprintln!("lint: {name}");
        if let Err(error) = lint(setting) {
            eprintln!("lint: {name}: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("these lints failed: {}", failed.join(", "));
    }
    Ok(())
}

type Lint = fn(&Setting) -> anyhow::Result<()>;

fn fmt(setting: &Setting) -> anyhow::Result<()> {
    launch::run(&mut launch::cargo(&setting.root, &["fmt", "--all", "--check"]))
}

fn dependencies(setting: &Setting) -> anyhow::Result<()> {
    launch::run(Command::new(deny(setting)?).current_dir(&setting.root).args(DENY_CHECKS))
}

fn clippy(setting: &Setting) -> anyhow::Result<()> {
    let workspace = Workspace::load(&setting.root)?;
    let base = || launch::cargo(&setting.root, &["clippy", "--locked"]);
    let strict = ["--", "-D", "warnings"];
    let mut binaries = base();
    binaries.args(["--workspace", "--all-targets"]).args(build::APART).args(strict);
    build::shown("clippy: binaries", &mut binaries)?;
    let mut compiler = base();
    compiler.args(["-p", "floorwalker-compile", "--all-targets"]).args(strict);
    build::shown("clippy: compiler", &mut compiler)?;
    let mut components = base();
    components.args(["--profile", "plugin", "--target", "wasm32-wasip2"]);
    for name in workspace.components() {
        components.args(["-p", &name]);
    }
    build::shown("clippy: components", components.args(strict))
}

/// cargo-deny, built once into the cache folder.
fn deny(setting: &Setting) -> anyhow::Result<PathBuf> {
    let folder = setting.cache.join(format!("cargo-deny-{DENY_VERSION}"));
    let program = folder.join("bin").join("cargo-deny");
    if !program.is_file() {
        eprintln!("need: cargo-deny {DENY_VERSION}, built once into {}, which takes some minutes", folder.display());
        let words = ["install", "cargo-deny", "--locked", "--version", DENY_VERSION, "--root"];
        build::shown("cargo-deny", launch::cargo(&setting.root, &words).arg(&folder))?;
    }
    Ok(program)
}
