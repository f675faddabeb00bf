//! Shell: runs the benchmarks, optimised, against the plugins, the programs and the compiler of the same checkout.

use std::process::Command;

use crate::args::{Bench, Setting};
use crate::{build, launch, need};

/// What is measured, beside the benchmarks themselves: the programs as people run them.
const PROGRAMS: [&str; 3] = ["floorwalker-agent", "floorwalker-aggregator", "floorwalker-cli"];

pub(crate) fn run(setting: &Setting, Bench { rest }: &Bench) -> anyhow::Result<()> {
    need::get(setting)?;
    need::tested(setting);
    build::components(setting)?;
    let optimised =
        |words: &[&str]| launch::cargo(&setting.root, &[&["build", "--locked", "--release"], words].concat());
    let mut programs = optimised(&["--bins", "-p", "floorwalker-bench"]);
    for name in PROGRAMS {
        programs.args(["-p", name]);
    }
    build::shown("benchmarks", &mut programs)?;
    build::shown("compiler", &mut optimised(&["-p", "floorwalker-compile"]))?;
    let folder = setting.target.join("release");
    let mut command = Command::new(folder.join("floorwalker-bench"));
    launch::run(command.current_dir(&setting.root).args(rest).env("FLOORWALKER_BIN_DIR", folder))
}
