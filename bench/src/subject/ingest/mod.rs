//! Shell: ingest by a real aggregator process on SQLite, each frame durable before it is acknowledged, and decisions
//! asked meanwhile. Four agents send frames that were packed before, one after the other each, as a backlog comes in.

mod frames;
mod questions;

use std::path::Path;
use std::time::{Duration, Instant};

use agent::http::aggregator::{Aggregator, FrameAnswer};
use anyhow::{Context as _, bail};
use futures_util::future::try_join_all;
use harness::child::Child;
use harness::site::Site;
use process::http::client::Client;
use process::tls::{self, ClientFiles, Identity};

use super::runtime;
use crate::stage::Stage;
use crate::table::Table;
use frames::{Kind, Packed};
use questions::Questions;

/// Agents that send at once.
const AGENTS: usize = 4;
/// Between two looks at what is assigned.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Between two frames of 4,096 records, whoever sends them: 50,000 records a second.
const PACE: Duration = Duration::from_micros(81_920);
/// How long decisions are asked without any load, to compare with.
const QUIET: Duration = Duration::from_secs(3);

pub(crate) fn measure(_: &Stage, table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    runtime()?.block_on(of(folder.path(), table))
}

async fn of(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let site = Site::lay(folder)?;
    site.manifest("bench.yaml", &manifests())?;
    let data = folder.join("aggregator");
    let mut aggregator = Child::spawn("aggregator", site.aggregator(&data)?, folder)?;
    site.listening(&mut aggregator).await?;
    site.in_force(&mut aggregator).await?;
    let questions = Questions::of(&site, &data).await?;
    let agents = try_join_all((0..AGENTS).map(|place| join(&site, format!("node-{place}")))).await?;
    let quiet = questions.ask_until(tokio::time::sleep(QUIET)).await?.0;
    for (kind, what) in [(Kind::Failure, "failures with their detail"), (Kind::RollUp, "roll-ups")] {
        let backlogs = backlogs(kind)?;
        let disk = synced(folder, &backlogs[0])?;
        let took = deliver(&agents, backlogs, None).await?;
        let rate = (AGENTS as u64 * frames::RECORDS) as f64 / took.as_secs_f64();
        table.compare(format!("ingest of {what}"), rate, "records/s", (disk, "synced appends of the same bytes"));
        table.bar("at least 50,000 records/s");
    }
    let (latencies, took) = questions.ask_until(deliver(&agents, backlogs(Kind::Failure)?, Some(PACE))).await?;
    let name = format!(
        "decision while {:.0} failures/s come in, p99 of {}",
        (AGENTS as u64 * frames::RECORDS) as f64 / took?.as_secs_f64(),
        latencies.len()
    );
    table.compare(name, questions::p99_ms(&latencies), "ms", (questions::p99_ms(&quiet), "without load"));
    table.bar("at most 10 ms");
    Ok(())
}

/// Checks that every agent runs, and a policy that asks for all of them.
fn manifests() -> String {
    let head = harness::site::HEAD;
    let check = |place| {
        format!(
            "{head}kind: Check\nmetadata: {{name: {}, namespace: acme-prod, labels: {{watches: all}}}}\nspec:\n  \
             plugin: http-probe\n  service: shop\n  config: {{url: \"http://127.0.0.1:1/\"}}\n  \
             grants: {{http: [\"http://127.0.0.1:1\"]}}\n  runInterval: 15s\n  timeout: 5s\n  \
             placement: {{mode: EveryNode}}\n---\n",
            harness::site::check_name(place)
        )
    };
    let checks: String = (0..harness::site::CHECKS).map(check).collect();
    format!(
        "{checks}{head}kind: ReleasePolicy\nmetadata: {{name: prod}}\nspec:\n  requirements:\n    checks: \
         [{{labels: {{watches: all}}, atLeast: 1}}]\n"
    )
}

/// An agent of a node, once it has its assignments: records of checks that are not placed on it are refused.
async fn join(site: &Site, node: String) -> anyhow::Result<Aggregator> {
    site.admit(&node)?;
    let own = |end: &str| site.certificate(&format!("agent-{}-{node}.{end}", harness::site::CLUSTER));
    let identity = Some(Identity { cert: own("pem"), key: own("key") });
    let tls = tls::client(ClientFiles { roots: Some(site.certificate("ca.pem")), identity })?;
    let address = format!("https://{}", site.address()).parse()?;
    let aggregator = Aggregator::new(Client::new(tls), &address);
    while aggregator.assignments(None).await?.is_none_or(|assigned| assigned.checks.is_empty()) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(aggregator)
}

fn backlogs(kind: Kind) -> anyhow::Result<Vec<Vec<Packed>>> {
    (0..AGENTS).map(|_| frames::backlog(kind)).collect()
}

/// Sends all backlogs, one frame after the other or each at its time; how long that took.
async fn deliver(
    agents: &[Aggregator],
    backlogs: Vec<Vec<Packed>>,
    pace: Option<Duration>,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let send = async |(place, (agent, frames)): (usize, (&Aggregator, Vec<Packed>))| {
        for (at, Packed { bytes, through, .. }) in frames.into_iter().enumerate() {
            if let Some(pace) = pace {
                let turn = u32::try_from(at * AGENTS + place).context("a backlog is short")?;
                tokio::time::sleep_until((began + pace * turn).into()).await;
            }
            match agent.frame(bytes).await? {
                FrameAnswer::Taken(ack) if ack.through == through && ack.rejected.is_empty() => {}
                other => bail!("a frame was not taken whole: {other:?}"),
            }
        }
        Ok(())
    };
    try_join_all(agents.iter().zip(backlogs).enumerate().map(send)).await?;
    Ok(began.elapsed())
}

/// Records a second of a program that only appends the unpacked frames to a file and syncs each.
fn synced(folder: &Path, frames: &[Packed]) -> anyhow::Result<f64> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(folder.join("appended"))?;
    let frames: Vec<Vec<u8>> = frames.iter().map(|frame| vec![b'x'; frame.plain_bytes]).collect();
    let began = Instant::now();
    for frame in &frames {
        file.write_all(frame)?;
        file.sync_data().context("the disk does not sync")?;
    }
    Ok(frames::RECORDS as f64 / began.elapsed().as_secs_f64())
}
