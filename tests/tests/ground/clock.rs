//! The wall clock of a process, stepped an hour either way while it runs: libfaketime from Debian, never the machine's
//! own clock. What counts time counts on another clock.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{fs, io};

use harness::skip;
use harness::watch::counter;

use crate::scene::{FEW, Scene};

const RUNS: &str = "floorwalker_runs_total";
/// Half a check's interval: no two runs of it are closer, whatever the clock does.
const HALF_INTERVAL_S: f64 = 2.5;

/// The library that changes the clock; for processes with threads.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path().join("faketime")));
    folders.map(|folder| folder.join("libfaketimeMT.so.1")).find(|file| file.is_file())
}

/// A command under a clock that a file sets.
fn under(mut command: Command, clock: &Path) -> Command {
    step(clock, "+0").expect("written");
    command.env("LD_PRELOAD", library().expect("looked for before")).env("FAKETIME_TIMESTAMP_FILE", clock);
    // The clocks that count from the machine's start are left alone, and so are the times of files.
    command.envs([("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1"), ("FAKETIME_CACHE_DURATION", "1")]);
    command
}

/// Whole or not at all, as it is read at any time.
fn step(clock: &Path, to: &str) -> io::Result<()> {
    fs::write(clock.with_extension("new"), to)?;
    fs::rename(clock.with_extension("new"), clock)
}

/// Checks go on, and none more often than it may.
async fn runs_as_before(scene: &mut Scene) {
    let agent = scene.watched().await;
    let (start, before) = (Instant::now(), counter(&agent, RUNS).await.expect("metrics"));
    scene.runs_on().await;
    let (ran, elapsed) = (counter(&agent, RUNS).await.expect("metrics") - before, start.elapsed().as_secs_f64());
    let most = FEW as f64 * (elapsed / HALF_INTERVAL_S + 2.0);
    assert!(ran <= most, "{ran} runs in {elapsed:.1} s, {most:.0} at most");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_steps_an_hour_either_way_stops_nothing() {
    if library().is_none() {
        let why = "libfaketime is not installed: apt-get install faketime";
        return skip::because("a_clock_that_steps_an_hour_either_way_stops_nothing", why);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (of_agent, of_aggregator) = (folder.path().join("clock-agent"), folder.path().join("clock-aggregator"));
    let mut scene = Scene::on(folder, (), FEW, |command| under(command, &of_aggregator)).await;
    scene.start_agent(|command| under(command, &of_agent));
    runs_as_before(&mut scene).await;
    scene.takes().await;
    for clock in [&of_agent, &of_aggregator] {
        for to in ["+3600", "+0", "-3600"] {
            step(clock, to).expect("stepped");
            runs_as_before(&mut scene).await;
            scene.takes().await;
        }
    }
    let said = [scene.agent().output(), scene.aggregator.output()].concat();
    let stepped = said.lines().filter_map(|line| line.split_once('T')).any(|(day, _)| day.starts_with("20"));
    assert!(stepped && !said.contains("panicked"), "{said}");
}
