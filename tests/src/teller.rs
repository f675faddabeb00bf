//! Shell: an agent without checks: the product's own spool and reporter, filled with numbered records as fast as asked.
//! Run as `floorwalker-teller` by the suite `crash`, which kills it. What it has handed to the spool and what the spool
//! says is durable it tells on stdout, so that its killer knows what must not be lost.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agent::http::aggregator::Aggregator;
use agent::report::{self, Reporter};
use agent::spool::{self, Bound, Draft, Origin, Spool};
use api::frame::{Body, Failure, RollUp, Transition};
use api::id::{CheckId, NodeName, RunId};
use api::result::{CheckResult, Reason, Status};
use clap::Parser;
use process::clock::{SharedClock, SystemClock};
use process::http::client::Client;
use process::shutdown::Signals;
use process::supervise::Supervisor;
use process::telemetry::{self, Format};
use process::tls::{self, ClientFiles, Identity};
use prometheus::Registry;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::site::{CHECKS, check_name, namespace};

/// Between two handfuls of records.
const TICK: Duration = Duration::from_millis(20);
/// Records that wait for the disk: far below what the spool's queue holds at one handful each, so that it drops none.
const WAITING_MAX: u64 = 2_000;
/// Ends the drain of a stop in good time for a test.
const GRACE: Duration = Duration::from_secs(10);
/// Between two looks at what is assigned.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Tells an aggregator what nobody has seen.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Address of the aggregator.
    #[arg(long)]
    aggregator: url::Url,
    /// Authority of the aggregator.
    #[arg(long)]
    ca: PathBuf,
    /// Own certificate.
    #[arg(long)]
    cert: PathBuf,
    /// Its key.
    #[arg(long)]
    key: PathBuf,
    /// Own name.
    #[arg(long)]
    node: NodeName,
    /// Folder of the spool.
    #[arg(long)]
    spool: PathBuf,
    /// Number of the first record.
    #[arg(long)]
    first: u64,
    /// Records a second; with 0 it only reports what its spool holds.
    #[arg(long)]
    rate: u64,
    /// Bytes that the spool may hold; the product's own bound unless given.
    #[arg(long)]
    spool_bytes_max: Option<u64>,
}

/// Runs until it is told to stop, or killed.
///
/// # Errors
/// The spool or the aggregator's address cannot be used.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let signals = Signals::install()?;
    telemetry::init(Format::Text, "info")?;
    let Args { aggregator, ca, cert, key, node, spool: folder, first, rate, spool_bytes_max } = args;
    let tls = tls::client(ClientFiles { roots: Some(ca), identity: Some(Identity { cert, key }) })?;
    let aggregator = Aggregator::new(Client::new(tls), &aggregator);
    if !folder.exists() {
        // Records of checks that are not placed here yet would be refused, and rightly so.
        until_assigned(&aggregator).await;
    }
    let (clock, registry) = (SystemClock::shared(), Registry::new());
    let (supervisor, [telling, reporting, spooling]) = Supervisor::in_drain_order(["tell", "report", "spool"]);
    let usual = Bound::default();
    let bound = Bound { bytes_max: spool_bytes_max.unwrap_or(usual.bytes_max), ..usual };
    let config = spool::Config { folder, origin: Origin::here(&node), bound };
    let metrics = spool::metrics::Metrics::register(&registry)?;
    let spool = spool::build(config, Arc::clone(&clock), metrics, &spooling)?;
    let metrics = report::metrics::Metrics::register(&registry)?;
    let reporter = Reporter { spool: spool.clone(), aggregator, clock: Arc::clone(&clock), metrics };
    reporting.spawn("report", reporter.run(reporting.token()));
    let durable = spool.durable();
    if rate > 0 {
        let numbers = Numbers { first, rate, registry: registry.clone() };
        telling.spawn("tell", tell(spool, clock, numbers, telling.token()));
    }
    supervisor.run(signals, GRACE).await?;
    // What became durable after the last word.
    Ok(count(first, *durable.borrow(), &registry)?)
}

/// The run id of a record that is a result.
#[must_use]
pub fn run_id(number: u64) -> String {
    Uuid::from_u64_pair(u64::MAX, number).to_string()
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Stored as a result of its own.
    Result,
    /// Counted into its minute, in a bucket of its own.
    RollUp {
        /// The check by its place.
        check: u64,
        /// The bucket.
        bucket: i16,
    },
}

/// The kind of a record: of four in a row of one check, one is a roll-up.
#[must_use]
pub fn kind(number: u64) -> Kind {
    let (check, turn) = (number % CHECKS, number / CHECKS);
    if turn % 4 == 2 {
        Kind::RollUp { check, bucket: i16::try_from(turn).expect("32,767 turns are 1.6 million records") }
    } else {
        Kind::Result
    }
}

async fn until_assigned(aggregator: &Aggregator) {
    loop {
        let assigned = aggregator.assignments(None).await.ok().flatten();
        if assigned.is_some_and(|assigned| assigned.checks.len() as u64 >= CHECKS) {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What a teller tells by.
struct Numbers {
    first: u64,
    rate: u64,
    registry: Registry,
}

async fn tell(spool: Spool, clock: SharedClock, of: Numbers, token: CancellationToken) -> Result<(), io::Error> {
    let Numbers { first, rate, registry } = of;
    let per_tick = (rate * TICK.as_millis() as u64 / 1_000).max(1);
    let mut durable = spool.durable();
    let mut next = first;
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            changed = durable.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                count(first, *durable.borrow_and_update(), &registry)?;
            }
            _ = tick.tick() => {
                if next - first - *durable.borrow() < WAITING_MAX {
                    let numbers = next..next + per_tick;
                    next = numbers.end;
                    say(&format!("given {next}"))?;
                    spool.append(numbers.map(|number| draft(number, clock.boot_ms())).collect());
                }
            }
        }
    }
}

/// Tells what is durable, and what was dropped.
fn count(first: u64, durable: u64, registry: &Registry) -> io::Result<()> {
    say(&format!("durable {first} {}", first + durable))?;
    let [roll_ups, any] = ["roll-up", "any"].map(|kind| dropped(registry, kind));
    if roll_ups + any > 0 {
        say(&format!("dropped {roll_ups} {any}"))?;
    }
    Ok(())
}

/// What the spool has counted as dropped.
fn dropped(registry: &Registry, kind: &str) -> u64 {
    let families = registry.gather();
    let of_spool = families.iter().filter(|family| family.name() == "floorwalker_spool_dropped_total");
    let series = of_spool.flat_map(|family| family.get_metric());
    let of_kind = series.filter(|metric| metric.get_label().iter().any(|label| label.value() == kind));
    // Whole records, far below 2^53.
    of_kind.map(|metric| metric.get_counter().get_value() as u64).sum()
}

/// One line, in the kernel's hands before this returns.
fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{line}\n").as_bytes())?;
    stdout.flush()
}

fn draft(number: u64, boot_ms: u64) -> Draft {
    let name = check_name(number % CHECKS).parse().expect("a label");
    let check_id = CheckId::of(Some(&namespace()), &name);
    let body = match kind(number) {
        Kind::RollUp { bucket, .. } => Body::RollUp(RollUp {
            from_age_ms: 1_000,
            to_age_ms: 0,
            runs: 1,
            by_status: BTreeMap::from([(Status::Fail, 1)]),
            by_reason: BTreeMap::from([(Reason::ConnectRefused, 1)]),
            sketch: BTreeMap::from([(bucket, 1)]),
            last_status: Status::Fail,
            last_reason: Some(Reason::ConnectRefused),
            last_age_ms: 0,
            evidence: vec![],
            version: "1".to_owned(),
        }),
        Kind::Result if number.is_multiple_of(2) => {
            Body::Transition(Box::new(Transition { from: Some(Status::Pass), result: result(number) }))
        }
        Kind::Result => Body::Failure(Box::new(Failure { result: result(number) })),
    };
    Draft { at_boot_ms: i64::try_from(boot_ms).unwrap_or(i64::MAX), check_id: Some(check_id), lease: None, body }
}

fn result(number: u64) -> CheckResult {
    CheckResult {
        run_id: RunId(Uuid::from_u64_pair(u64::MAX, number)),
        scheduled_at_ms: number,
        duration_ms: 1.0,
        status: Status::Fail,
        reason: Some(Reason::ConnectRefused),
        // Of many lengths, so that records end anywhere in a page.
        summary: "nobody listens ".repeat(usize::try_from(number % 17).unwrap_or(0)),
        steps: vec![],
        measurements: vec![],
        findings: vec![],
        evidence: vec![],
        cut: vec![],
    }
}
