//! Shell: the composition root: configuration in, stages built in the order of the flow, tasks spawned on the stage that
//! drains them. Drain order: no new assignments, runs end, the last report, the spool, certificates and metrics.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use agent::assign::{Source, dir::Folder, keep::Kept, poll::Poll};
use agent::exposition::Exposition;
use agent::http::aggregator::Aggregator;
use agent::plugin::artefact::{self, Artefacts};
use agent::plugin::{Preparer, fetch::Components, table::Plugins};
use agent::report::Reporter;
use agent::run::{backend::secrets::Vault, lease::Leases};
use agent::schedule::driver::Driver;
use agent::spool::{self, Bound, Origin, Spool};
use agent::{disk, report, run, schedule};
use anyhow::Context as _;
use api::frame::Assignments;
use nix::fcntl::Flock;
use process::http::listen::{Limits, Listener};
use process::http::{admin, client::Client};
use process::supervise::{Stage, Supervisor};
use process::tls::{self, ClientFiles, Identity};
use process::{clock::SystemClock, ready::Readiness, shutdown::Signals, telemetry};
use prometheus::Registry;
use tokio::sync::watch;

use crate::args::{Args, TlsArgs};

/// The agent with all its tasks started.
pub(crate) struct App {
    supervisor: Supervisor,
    signals: Signals,
    grace: Duration,
    _lock: Flock<File>,
}

/// Builds everything and starts its tasks.
pub(crate) async fn build(args: Args) -> anyhow::Result<App> {
    let (signals, lock) = begin(&args)?;
    let (node, compiler, scrapers) = (args.node()?, args.compiler()?, args.scrapers()?);
    let Args {
        aggregator,
        tls,
        checks_dir,
        node: _,
        data_dir,
        metrics_listen,
        metrics_token_file: _,
        node_root,
        target_ca,
        compiler: _,
        concurrency,
        grace,
        log: _,
    } = args;
    let bound = Listener::bind(metrics_listen, None, Limits::default()).await;
    let listener = bound.with_context(|| format!("{metrics_listen} cannot be listened on"))?;
    let (clock, registry, readiness) = (SystemClock::shared(), Registry::new(), Readiness::new());
    let (supervisor, [assigning, running, reporting, spooling, serving]) =
        Supervisor::in_drain_order(["assign", "run", "report", "spool", "serve"]);

    // --- spool and report, where there is somebody to tell
    let aggregator = aggregator.map(|address| connect(&address, tls, &serving)).transpose()?;
    let (folder, origin, bound) = (data_dir.join("spool"), Origin::here(&node), Bound::default());
    let config = spool::Config { folder, origin, bound };
    let spool = aggregator.clone().map(|to| tell(config, to, &registry, &spooling, &reporting)).transpose()?;

    // --- assign
    let (vault, plugins) = (Vault::default(), Plugins::new(spool.clone(), Arc::clone(&clock)));
    let (assignments, assigned) = watch::channel(Arc::new(Assignments::default()));
    let config = artefact::Config { folder: data_dir.clone(), compiler, engine: host::engine::Config::AGENT };
    let artefacts = Artefacts::open(config, &registry)?;
    let components = Components::new(data_dir.join("components"), aggregator.clone());
    let source = match (aggregator.clone(), checks_dir) {
        (Some(aggregator), _) => {
            let (kept, vault) = (Kept::at(data_dir.join("assignments")), vault.clone());
            Source::Aggregator(Poll { aggregator, kept, vault, assignments, clock: Arc::clone(&clock) })
        }
        (None, Some(checks)) => {
            let (components, artefacts, clock) = (components.clone(), artefacts.clone(), Arc::clone(&clock));
            let descriptions = data_dir.join("descriptions");
            Source::Folder(Folder { checks, descriptions, components, artefacts, clock, assignments })
        }
        (None, None) => anyhow::bail!("give --aggregator or --checks-dir"),
    };
    source.start(readiness.latch("assignments"), &assigning)?;

    // --- plugins and runs
    let (of_plugins, assignments, of_clock) = (plugins.clone(), assigned.clone(), Arc::clone(&clock));
    let preparer = Preparer { components, artefacts, plugins: of_plugins, assignments, clock: of_clock };
    running.spawn("plugins", preparer.run(running.token()));
    let config = run::Config { folder: data_dir, node: node.to_string(), node_root, target_ca };
    let leases = Leases::new(aggregator, Arc::clone(&clock));
    let inputs = run::Inputs { plugins: plugins.clone(), vault, leases, clock: Arc::clone(&clock) };
    let runner = run::build(config, inputs, &registry)?;
    running.spawn("gone", runner.gone(assigned.clone()).run(running.token()));
    let (exposition, metrics) = (Exposition::register(&registry)?, schedule::metrics::Metrics::register(&registry)?);
    tracing::info!(metrics = %listener.address(), node = %node, "listening");
    let driver =
        Driver { node, concurrency, assignments: assigned, plugins, runner, exposition, spool, clock, metrics };
    running.spawn("driver", driver.run(running.token()));

    let router = admin::router(registry, scrapers, readiness, supervisor.stopping());
    serving.spawn("metrics", listener.serve(router, serving.token()));
    Ok(App { supervisor, signals, grace, _lock: lock })
}

// === impl App ===

impl App {
    /// Waits for a signal, then drains.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        Ok(self.supervisor.run(self.signals, self.grace).await?)
    }
}

/// Before anything is started: an early signal drains too, and no child may read this process's memory.
fn begin(args: &Args) -> anyhow::Result<(Signals, Flock<File>)> {
    telemetry::init(args.log.log_format, &args.log.log)?;
    tracing::info!(?args, "starting");
    let signals = Signals::install().context("signals cannot be taken")?;
    nix::sys::prctl::set_dumpable(false).context("the process cannot be closed to others")?;
    disk::folder(&args.data_dir)?;
    Ok((signals, disk::lock_soon(&args.data_dir.join("lock"))?))
}

fn connect(address: &url::Url, tls: TlsArgs, serving: &Stage) -> anyhow::Result<Aggregator> {
    let TlsArgs { ca, cert, key } = tls;
    let identity = cert.zip(key).map(|(cert, key)| Identity { cert, key });
    let tls = tls::client(ClientFiles { roots: ca, identity })?;
    serving.spawn("certificates", Arc::clone(&tls).keep_fresh(serving.token()));
    Ok(Aggregator::new(Client::new(tls), address))
}

fn tell(
    config: spool::Config,
    aggregator: Aggregator,
    registry: &Registry,
    spooling: &Stage,
    reporting: &Stage,
) -> anyhow::Result<Spool> {
    let (clock, metrics) = (SystemClock::shared(), spool::metrics::Metrics::register(registry)?);
    let spool = spool::build(config, Arc::clone(&clock), metrics, spooling)?;
    let metrics = report::metrics::Metrics::register(registry)?;
    let reporter = Reporter { spool: spool.clone(), aggregator, clock, metrics };
    reporting.spawn("report", reporter.run(reporting.token()));
    Ok(spool)
}
