//! Shell: 10,000 checks at 60 s on one standalone agent process: how late they begin, whether any is missed, and whether
//! each keeps its rate. What they do is nothing; the schedule, the sandbox and the metrics are all there is.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use harness::child::Child;
use harness::http::Client;
use harness::{binary, watch};
use sha2::{Digest as _, Sha256};

use super::runtime;
use crate::process;
use crate::stage::Stage;
use crate::table::Table;

const CHECKS: u32 = 10_000;
/// Checks in a manifest file, which holds 1 MiB at most.
const CHECKS_A_FILE: u32 = 1_000;
const INTERVAL: Duration = Duration::from_secs(60);
/// Reading ten thousand manifests and compiling one plugin.
const START_MAX: Duration = Duration::from_secs(120);
const LAG: &str = "floorwalker_schedule_lag_seconds";

pub(crate) fn measure(_: &Stage, table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    manifests(&folder.path().join("checks"))?;
    runtime()?.block_on(of(folder.path(), table))
}

async fn of(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let mut command = Command::new(binary::find("floorwalker-agent")?);
    command.arg("--checks-dir").arg(folder.join("checks")).arg("--data-dir").arg(folder.join("data"));
    command.args(["--node", "bench", "--metrics-listen", "127.0.0.1:0", "--grace", "1"]);
    let mut agent = Child::spawn("agent", command, folder)?;
    let address = agent.says(START_MAX, "where it listens", watch::listening).await?;
    let metrics = Client::plain(&format!("http://{address}"))?;
    let read = async || anyhow::Ok(metrics.get("/metrics").await?.text());
    // Every check has run once, and what a start costs is over.
    while watch::sum(&read().await?, RUNS) < f64::from(CHECKS) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (before, cpu) = (read().await?, process::cpu(agent.pid())?);
    tokio::time::sleep(INTERVAL).await;
    let (after, cpu) = (read().await?, process::cpu(agent.pid())? - cpu);
    let lag = Lag::between(&before, &after)?;
    let missed = watch::sum(&after, "floorwalker_missed_ticks_total");
    let name = format!("lag of {CHECKS} checks at 60 s, bound of the p99 ({missed} ticks missed)");
    table.compare(name, lag.p99_ms()?, "ms", (lag.mean_ms(), "its mean"));
    table.bar("at most 50 ms");
    let runs = watch::sum(&after, RUNS) - watch::sum(&before, RUNS);
    table.compare("runs of them in a minute", runs, "runs", (f64::from(CHECKS), "one each"));
    table.bar("no drift");
    table.compare("CPU of that agent", cpu.as_secs_f64() / INTERVAL.as_secs_f64(), "cores", (1.0, "one core"));
    Ok(())
}

const RUNS: &str = "floorwalker_runs_total";

/// Observations of the lag between two readings, by the upper bounds of their buckets.
struct Lag {
    buckets: Vec<(f64, f64)>,
    sum_s: f64,
    count: f64,
}

impl Lag {
    fn between(before: &str, after: &str) -> anyhow::Result<Self> {
        let more = |name: &str| watch::sum(after, name) - watch::sum(before, name);
        let bounds = after.lines().filter_map(|line| {
            let rest = line.strip_prefix(LAG)?.strip_prefix("_bucket{le=\"")?;
            let bound = rest.split('"').next()?;
            let name = format!("{LAG}_bucket{{le=\"{bound}\"}}");
            let count = |text: &str| {
                text.lines().find_map(|line| line.strip_prefix(&name)?.trim().parse::<f64>().ok()).unwrap_or(0.0)
            };
            Some((bound.replace("+Inf", "inf").parse().ok()?, count(after) - count(before)))
        });
        let lag = Self {
            buckets: bounds.collect(),
            sum_s: more(&format!("{LAG}_sum")),
            count: more(&format!("{LAG}_count")),
        };
        ensure!(lag.count > 0.0, "nothing ran");
        Ok(lag)
    }

    /// The bound of the bucket that holds it: it is at most that.
    fn p99_ms(&self) -> anyhow::Result<f64> {
        let bucket = self.buckets.iter().find(|(_, upto)| *upto >= 0.99 * self.count);
        Ok(bucket.context("the last bucket holds all")?.0 * 1e3)
    }

    fn mean_ms(&self) -> f64 {
        self.sum_s / self.count * 1e3
    }
}

/// A tenant, the guest that does nothing, and the checks.
fn manifests(folder: &Path) -> anyhow::Result<()> {
    let head = harness::site::HEAD;
    std::fs::create_dir_all(folder)?;
    let component = std::fs::read(binary::guest("quiet")?)?;
    let digest = hex::encode(Sha256::digest(&component));
    std::fs::write(folder.join("quiet.wasm"), &component)?;
    let plugin = format!(
        "{head}kind: Plugin\nmetadata: {{name: quiet}}\nspec: {{source: {{file: quiet.wasm}}, digest: \"sha256:{digest}\"}}\n"
    );
    std::fs::write(folder.join("plugin.yaml"), plugin)?;
    for file in 0..CHECKS / CHECKS_A_FILE {
        let mut text = String::new();
        for check in 0..CHECKS_A_FILE {
            write!(
                text,
                "{head}kind: Check\nmetadata: {{name: check-{file}-{check}}}\nspec: {{plugin: quiet, runInterval: 60s, \
                 timeout: 5s, placement: {{mode: EveryNode}}}}\n---\n"
            )?;
        }
        std::fs::write(folder.join(format!("checks-{file}.yaml")), text)?;
    }
    Ok(())
}
