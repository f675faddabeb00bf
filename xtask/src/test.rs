//! Shell: gets what is needed, builds everything, runs every test, and sums up what the runners say.

use std::io::{BufRead as _, BufReader, pipe};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::args::{Setting, Test};
use crate::{build, launch, need, odoo};

/// What the runners said, summed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// `SKIPPED name: why`, as the tests print it; libtest counts them as passed.
    skipped: Vec<String>,
    /// Names of failed tests.
    failures: Vec<String>,
}

pub(crate) fn run(setting: &Setting, Test { filter }: &Test) -> anyhow::Result<()> {
    need::get(setting)?;
    need::tested(setting);
    let odoo = odoo::environment(setting);
    build::all(setting)?;
    let workspace = [&["--workspace"], &build::APART[..]].concat();
    let suites = [("tests", workspace), ("the compiler's tests", vec!["-p", "floorwalker-compile"])];
    for (name, selection) in &suites {
        build::shown(name, cargo_test(setting, odoo.as_deref(), selection).arg("--no-run"))?;
    }
    let mut sum = Sum::default();
    for (_, selection) in &suites {
        let mut command = cargo_test(setting, odoo.as_deref(), selection);
        command.args(filter);
        watch(command, &mut sum)?;
    }
    eprintln!("{}", sum.report());
    if sum.failed > 0 {
        bail!("{} tests failed", sum.failed);
    }
    Ok(())
}

fn cargo_test(setting: &Setting, odoo: Option<&Path>, selection: &[&str]) -> Command {
    let mut command = launch::cargo(&setting.root, &["test", "--locked", "--no-fail-fast"]);
    command.args(selection).env("FLOORWALKER_BIN_DIR", setting.binaries());
    if let Some(folder) = odoo {
        command.env("FLOORWALKER_ODOO_DIR", folder);
    }
    command
}

/// Shows what a runner says while it says it, and counts along.
fn watch(mut command: Command, sum: &mut Sum) -> anyhow::Result<()> {
    let line = launch::line(&command);
    let (reader, writer) = pipe().context("no pipe")?;
    let mut child = command
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("`{line}` does not start"))?;
    // It keeps copies of the writer, and the pipe ends with the last one.
    drop(command);
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        eprintln!("{line}");
        sum.take(&line);
    }
    let status = child.wait()?;
    if !status.success() && sum.failed == 0 {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

// === impl Sum ===

impl Sum {
    fn take(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            let count = |what: &str| {
                let part = counts.split([';', '.']).map(str::trim).find(|part| part.ends_with(what));
                part.and_then(|part| part.split(' ').next()?.parse::<usize>().ok()).unwrap_or(0)
            };
            self.passed += count(" passed");
            self.failed += count(" failed");
            self.ignored += count(" ignored");
        } else if let Some((_, skip)) = line.split_once("SKIPPED ") {
            self.skipped.push(skip.to_owned());
        } else if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.failures.push(name.to_owned());
        }
    }

    fn report(&self) -> String {
        let Self { passed, failed, ignored, skipped, failures } = self;
        let mut report = format!(
            "\nall suites: {} passed, {failed} failed, {} skipped, {ignored} ignored",
            passed.saturating_sub(skipped.len()),
            skipped.len()
        );
        for skip in skipped {
            report.push_str(&format!("\n  skipped {skip}"));
        }
        for name in failures {
            report.push_str(&format!("\n  failed {name}"));
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_words_are_summed() {
        let mut sum = Sum::default();
        for line in [
            "test result: ok. 39 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.20s",
            "test gate::answers ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s",
            "SKIPPED registry: docker-registry is missing",
        ] {
            sum.take(line);
        }
        assert_eq!((sum.passed, sum.failed, sum.ignored), (41, 1, 1));
        let report = sum.report();
        assert!(report.contains("40 passed, 1 failed, 1 skipped, 1 ignored"), "{report}");
        assert!(report.contains("skipped registry: docker-registry is missing"), "{report}");
        assert!(report.contains("failed gate::answers"), "{report}");
    }
}
