//! Shell: the commands of `cargo xtask`, and all it reads from the environment.

use std::env;
use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, Parser, Subcommand};

/// Builds, runs, tests and checks the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Builds everything, starts it on this machine, tells the story with real requests, and stays up
    Up(Up),
    /// Gets what is needed, builds everything and runs every test
    Test(Test),
    /// Builds the plugins to WebAssembly, the binaries, and the compiler in its own invocation
    Build,
    /// Checks format, lints with warnings as errors, the invariants of ARCHITECTURE.md, and dependencies
    Lint,
    /// Checks the invariants of ARCHITECTURE.md alone
    Tidy,
    /// Rewrites the committed documents that are generated: read the diff before you commit it
    Codegen,
    /// Fuzzes whatever parses bytes from outside
    Fuzz(Fuzz),
    /// Runs the benchmarks, optimised
    Bench(Bench),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// Tell the story once from a fresh state and end: 0 only if every step came out as told
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Only tests whose name contains this
    pub(crate) filter: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Fuzz {
    /// For how long, each target
    #[arg(long, default_value_t = 20)]
    pub(crate) seconds: u32,
    /// Only these targets: frame, spool, manifest
    #[arg(value_parser = ["frame", "spool", "manifest"])]
    pub(crate) targets: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    /// Handed to the benchmarks
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

/// Where things are.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// Tools that are installed once.
    pub(crate) cache: PathBuf,
    /// The user's home, which no committed file may name.
    pub(crate) home: Option<PathBuf>,
    /// Where pyenv keeps its Pythons.
    pub(crate) pyenv: Option<PathBuf>,
    /// The folders programs are looked for in.
    pub(crate) path: Vec<PathBuf>,
}

pub(crate) fn read() -> (Command, Setting) {
    (Args::parse().command, setting())
}

/// Everything from the environment.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
pub(crate) fn setting() -> Setting {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in a folder of the workspace")
        .to_owned();
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = folder("HOME");
    let target = folder("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |own| root.join(own));
    let cache = folder("FLOORWALKER_CACHE")
        .or_else(|| home.as_ref().map(|home| home.join(".cache/floorwalker")))
        .unwrap_or_else(|| target.join("cache"));
    let pyenv = folder("PYENV_ROOT").or_else(|| home.as_ref().map(|home| home.join(".pyenv")));
    let path = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    Setting { root, target, cache, home, pyenv, path }
}

// === impl Setting ===

impl Setting {
    /// Where the binaries are.
    pub(crate) fn binaries(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// Where the plugins and the hostile guests are.
    pub(crate) fn components(&self) -> PathBuf {
        self.target.join("wasm32-wasip2").join("plugin")
    }

    /// A program somewhere on the path.
    pub(crate) fn has_program(&self, name: &str) -> bool {
        self.path.iter().any(|folder| folder.join(name).is_file())
    }
}

/// The commands, for the rule that documents name no other.
pub(crate) fn commands() -> clap::Command {
    Args::command()
}
