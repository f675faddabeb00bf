//! Shell: runs the benchmarks, optimised, against the plugins and the compiler of the same checkout.

use crate::args::{Bench, Setting};
use crate::{build, launch, need};

pub(crate) fn run(setting: &Setting, Bench { rest }: &Bench) -> anyhow::Result<()> {
    need::get(setting)?;
    build::all(setting)?;
    let package = ["--locked", "--release", "-p", "floorwalker-bench"];
    build::shown("benchmarks", &mut launch::cargo(&setting.root, &[&["build"], &package[..]].concat()))?;
    let mut command = launch::cargo(&setting.root, &[&["run", "--quiet"], &package[..], &["--"]].concat());
    launch::run(command.args(rest).env("FLOORWALKER_BIN_DIR", setting.binaries()))
}
