//! Shell: fuzzes the targets of `tests/fuzz`: libFuzzer, which sees by the compiler's own counters which way an input
//! went, on the pinned stable toolchain. Why that one: docs/decisions/0004.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::args::{Fuzz, Setting};
use crate::{build, launch, need};

const TARGETS: [&str; 3] = ["frame", "spool", "manifest"];
/// What libFuzzer needs of the compiler: a counter for each edge, and what comparisons compare with. These are flags of
/// code generation, which the stable compiler takes; only the sanitizers need another one, and our code is safe.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// No input of this size takes a second; an input that takes a minute is one that never ends.
const INPUT_SECONDS_MAX: u32 = 60;
/// Our largest limit is a frame of 8 MiB unpacked, a few times over while it is decoded; a bomb takes more.
const MEMORY_MIB_MAX: u32 = 1_024;
/// Longer inputs are only slower: our formats' structure fits many times.
const INPUT_BYTES_MAX: u32 = 16 << 10;
/// Of a log, when something was found.
const TAIL_LINES: usize = 40;

pub(crate) fn run(setting: &Setting, Fuzz { seconds, targets }: &Fuzz) -> anyhow::Result<()> {
    need::get(setting)?;
    if let Some(why) = need::compiler_of_cpp(setting) {
        eprintln!("SKIPPED fuzz: {why}");
        return Ok(());
    }
    let targets: Vec<&str> = TARGETS.into_iter().filter(|name| targets.is_empty() || named(targets, name)).collect();
    let programs = programs(setting)?;
    let work = setting.target.join("fuzz");
    let mut found = Vec::new();
    for target in targets {
        let corpora = corpora(setting, &work, target)?;
        let mut command = Command::new(programs.join(format!("fuzz-{target}")));
        command.args(&corpora).arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-timeout={INPUT_SECONDS_MAX}")).arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"));
        command.arg(format!("-max_len={INPUT_BYTES_MAX}")).arg("-print_final_stats=1");
        // Where what breaks it is kept.
        command.arg(format!("-artifact_prefix={}/found-{target}-", work.display()));
        let log = work.join(format!("{target}.log"));
        let status = command.stderr(File::create(&log)?).status().context("the engine does not start")?;
        let said = fs::read_to_string(&log)?;
        let last = said.lines().rfind(|line| line.contains(" cov: ")).unwrap_or("nothing was run");
        eprintln!("fuzz {target}: {last}");
        if !status.success() || !said.contains(" cov: ") {
            let lines: Vec<&str> = said.lines().collect();
            eprintln!("{}", lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"));
            found.push(target);
        }
    }
    if !found.is_empty() {
        bail!(
            "{} broke; the input is kept at {}/found-*: mend it, and put the input into tests/fuzz/corpus",
            found.join(", "),
            work.display()
        );
    }
    Ok(())
}

fn named(targets: &[String], name: &str) -> bool {
    targets.iter().any(|target| target == name)
}

/// Builds the engine and the targets, apart from everything else, and gives their folder.
fn programs(setting: &Setting) -> anyhow::Result<PathBuf> {
    let said = launch::output(Command::new("rustc").current_dir(&setting.root).arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not say its host")?;
    let folder = setting.target.join("fuzz");
    // Naming the target keeps the flags from build scripts, which have no engine to count for.
    let words = ["build", "--locked", "--profile", "fuzz", "-p", "floorwalker-fuzz", "--bins", "--features", "engine"];
    let mut command = launch::cargo(&setting.root, &words);
    command.args(["--target", host, "--target-dir"]).arg(&folder).env("RUSTFLAGS", COVERAGE);
    build::shown("fuzz targets", &mut command)?;
    Ok(folder.join(host).join("fuzz"))
}

/// What is found first, then what is committed.
fn corpora(setting: &Setting, work: &Path, target: &str) -> anyhow::Result<Vec<PathBuf>> {
    let tests = setting.root.join("tests");
    let mut corpora = vec![work.join("corpus").join(target), tests.join("fuzz/corpus").join(target)];
    fs::create_dir_all(&corpora[0])?;
    if target == "manifest" {
        corpora.push(tests.join("corpus/manifests"));
    }
    Ok(corpora)
}
