//! The limit of open files, reached and raised again while a process runs.

use std::net::TcpStream;
use std::process::Command;

use harness::binary;
use harness::skip;
use jiff::Timestamp;

use crate::scene::{Scene, says};

/// What a process may open beyond what it has open: nothing.
const NONE_MORE: u64 = 0;
/// Debian's usual limit.
const PLENTY: u64 = 1_024;
/// More than wait to be accepted at once.
const CONNECTIONS: usize = 8;

fn unavailable() -> Option<String> {
    binary::on_path("prlimit").is_none().then(|| "prlimit is missing: apt-get install util-linux".to_owned())
}

/// Sets how many files a running process may have open beyond the highest it has.
fn limit(pid: u32, more: u64) {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its files");
    let numbers = open.filter_map(|file| file.ok()?.file_name().to_str()?.parse::<u64>().ok());
    let most = numbers.max().unwrap_or(0) + 1 + more;
    let status =
        Command::new("prlimit").args(["--pid", &pid.to_string(), &format!("--nofile={most}:{PLENTY}")]).status();
    assert!(status.expect("runs").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_without_file_handles_says_so_and_serves_again() {
    if let Some(why) = unavailable() {
        return skip::because("an_aggregator_without_file_handles_says_so_and_serves_again", &why);
    }
    let mut scene = Scene::set().await;
    let pid = scene.aggregator.pid();
    limit(pid, NONE_MORE);
    // Free numbers below the highest are taken first.
    let connect = |_| TcpStream::connect(scene.site.address()).expect("the kernel takes it");
    let mut held: Vec<TcpStream> = (0..CONNECTIONS).map(connect).collect();
    held.extend((0..free(pid)).map(connect));
    says(&mut scene.aggregator, &["a connection was not accepted", "raise the limit of open files"]).await;
    scene.runs_on().await;
    limit(pid, PLENTY / 2);
    drop(held);
    scene.reports_after(Timestamp::now()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_file_handles_says_so_and_checks_again() {
    if let Some(why) = unavailable() {
        return skip::because("an_agent_without_file_handles_says_so_and_checks_again", &why);
    }
    let mut scene = Scene::set().await;
    let (pid, watched) = (scene.agent().pid(), scene.watched().await);
    limit(pid, NONE_MORE);
    let address = watched.metrics_url.trim_start_matches("http://").trim_end_matches("/metrics").to_owned();
    let connect = |_| TcpStream::connect(&address).expect("the kernel takes it");
    let mut held: Vec<TcpStream> = (0..CONNECTIONS).map(connect).collect();
    held.extend((0..free(pid)).map(connect));
    says(scene.agent(), &["a connection was not accepted", "raise the limit of open files"]).await;
    limit(pid, PLENTY / 2);
    drop(held);
    scene.runs_on().await;
    scene.reports_after(Timestamp::now()).await;
}

/// Numbers below the highest that are not taken.
fn free(pid: u32) -> usize {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its files");
    let numbers: Vec<usize> = open.filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok()).collect();
    numbers.iter().max().map_or(0, |most| most + 1 - numbers.len())
}
