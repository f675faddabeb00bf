//! Shell: the composition root: configuration in, stages built in the order of the flow, tasks spawned on the stage that
//! drains them. Drain order: no new assignments, runs end, the last report, the spool, certificates and metrics.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use agent::assign::{dir::Folder, keep::Kept, poll::Poll};
use agent::exposition::Exposition;
use agent::http::aggregator::Aggregator;
use agent::plugin::artefact::{Artefacts, node_key};
use agent::plugin::{Preparer, fetch::Components, table::Plugins};
use agent::report::Reporter;
use agent::run::backend::{ledger::Ledgers, node, node::Node, secrets::Vault, state::States};
use agent::run::{Runner, lease::Leases, roots};
use agent::schedule::driver::Driver;
use agent::spool::{Bound, Origin, Spool};
use agent::{disk, plugin, report, run, schedule, spool};
use anyhow::Context as _;
use api::frame::Assignments;
use api::id::NodeName;
use host::engine::{Config as EngineConfig, Engine};
use host::{Backends, Dialer, DialerConfig, SystemResolver};
use nix::fcntl::Flock;
use process::clock::{SharedClock, SystemClock};
use process::compile::Compiler;
use process::http::client::Client;
use process::http::listen::{Limits, Listener};
use process::ready::{Latch, Readiness};
use process::shutdown::Signals;
use process::supervise::{Stage, Supervisor};
use process::tls::{self, ClientFiles, Identity};
use process::{http::admin, telemetry};
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

/// What every part of the root needs.
struct Parts {
    args: Args,
    node: NodeName,
    clock: SharedClock,
    registry: Registry,
}

/// The stages in the order they drain.
struct Stages {
    assign: Stage,
    run: Stage,
    report: Stage,
    spool: Stage,
    serve: Stage,
}

/// Builds everything and starts its tasks.
pub(crate) async fn build(args: Args) -> anyhow::Result<App> {
    telemetry::init(args.log_format, &args.log)?;
    tracing::info!(?args, "starting");
    // Before anything is started: an early signal drains too, and no child may read this process's memory.
    let signals = Signals::install().context("signals cannot be taken")?;
    nix::sys::prctl::set_dumpable(false).context("the process cannot be closed to others")?;
    disk::folder(&args.data_dir)?;
    let lock = disk::lock(&args.data_dir.join("lock"))?;
    let (node, grace) = (args.node()?, args.grace);
    let parts = Parts { args, node, clock: SystemClock::shared(), registry: Registry::new() };
    let (supervisor, [assign, run, report, spool, serve]) =
        Supervisor::in_drain_order(["assign", "run", "report", "spool", "serve"]);
    let stages = Stages { assign, run, report, spool, serve };
    let readiness = Readiness::new();
    let latch = readiness.latch("assignments");

    let listener = Listener::bind(parts.args.metrics_listen, None, Limits::default()).await;
    let listener = listener.with_context(|| format!("{} cannot be listened on", parts.args.metrics_listen))?;
    let aggregator = parts.aggregator(&stages)?;
    let spool = parts.tell(aggregator.as_ref(), &stages)?;
    let plugins = Plugins::new(spool.clone(), Arc::clone(&parts.clock));
    let vault = Vault::default();
    let assignments = watch::Sender::new(Arc::new(Assignments::default()));
    let assigned = assignments.subscribe();
    let (components, artefacts) = parts.prepare(&plugins, aggregator.as_ref(), assigned.clone(), &stages)?;
    match &aggregator {
        Some(aggregator) => parts.poll(aggregator.clone(), vault.clone(), assignments, latch, &stages)?,
        None => parts.follow(components, artefacts, assignments, latch, &stages)?,
    }
    parts.drive(plugins, vault, aggregator, assigned, spool, &stages)?;

    tracing::info!(metrics = %listener.address(), node = %parts.node, "listening");
    let router = admin::router(parts.registry, readiness, supervisor.stopping());
    stages.serve.spawn("metrics", listener.serve(router, stages.serve.token()));
    Ok(App { supervisor, signals, grace, _lock: lock })
}

// === impl App ===

impl App {
    /// Waits for a signal, then drains.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        Ok(self.supervisor.run(self.signals, self.grace).await?)
    }
}

// === impl Parts ===

impl Parts {
    /// The aggregator, unless this agent is standalone.
    fn aggregator(&self, stages: &Stages) -> anyhow::Result<Option<Aggregator>> {
        let Some(address) = &self.args.aggregator else { return Ok(None) };
        let TlsArgs { ca, cert, key } = &self.args.tls;
        let identity = cert.clone().zip(key.clone()).map(|(cert, key)| Identity { cert, key });
        let tls = tls::client(ClientFiles { roots: ca.clone(), identity })?;
        stages.serve.spawn("certificates", Arc::clone(&tls).keep_fresh(stages.serve.token()));
        Ok(Some(Aggregator::new(Client::new(tls), address)))
    }

    /// Spool and report, where there is somebody to tell.
    fn tell(&self, aggregator: Option<&Aggregator>, stages: &Stages) -> anyhow::Result<Option<Spool>> {
        let Some(aggregator) = aggregator.cloned() else { return Ok(None) };
        let machine_id = node::machine_id().unwrap_or_else(|| self.node.to_string());
        let origin = Origin { machine_id, boot_id: node::boot_id() };
        let config = spool::Config { folder: self.args.data_dir.join("spool"), origin, bound: Bound::default() };
        let metrics = spool::metrics::Metrics::register(&self.registry)?;
        let spool = spool::build(config, Arc::clone(&self.clock), metrics, &stages.spool)?;
        let (clock, metrics) = (Arc::clone(&self.clock), report::metrics::Metrics::register(&self.registry)?);
        let reporter = Reporter { spool: spool.clone(), aggregator, clock, metrics };
        stages.report.spawn("report", reporter.run(stages.report.token()));
        Ok(Some(spool))
    }

    /// What makes plugins ready. It ends after the runs that may still need one.
    fn prepare(
        &self,
        plugins: &Plugins,
        aggregator: Option<&Aggregator>,
        assignments: watch::Receiver<Arc<Assignments>>,
        stages: &Stages,
    ) -> anyhow::Result<(Components, Artefacts)> {
        let data_dir = &self.args.data_dir;
        let engine = Engine::new(EngineConfig::AGENT)?;
        let compiler = Arc::new(Compiler::new(self.args.compiler()?));
        let metrics = plugin::metrics::Metrics::register(&self.registry)?;
        let key = node_key(&data_dir.join("node.key"))?;
        let artefacts = Artefacts::new(data_dir.join("artefacts"), key, engine, compiler, metrics);
        let components = Components::new(data_dir.join("components"), aggregator.cloned());
        let preparer = Preparer {
            components: components.clone(),
            artefacts: artefacts.clone(),
            plugins: plugins.clone(),
            assignments,
            clock: Arc::clone(&self.clock),
        };
        stages.run.spawn("plugins", preparer.run(stages.run.token()));
        Ok((components, artefacts))
    }

    /// Assignments from the aggregator; ready with the last ones of the disk, or with the first answer.
    fn poll(
        &self,
        aggregator: Aggregator,
        vault: Vault,
        assignments: watch::Sender<Arc<Assignments>>,
        latch: Latch,
        stages: &Stages,
    ) -> anyhow::Result<()> {
        let kept = Kept::at(self.args.data_dir.join("assignments"));
        let last = kept.read()?;
        let waits = last.is_none().then_some(latch);
        if let Some(last) = last {
            assignments.send_replace(Arc::new(last));
        }
        let poll = Poll { aggregator, kept, vault, assignments };
        stages.assign.spawn("poll", poll.run(waits, stages.assign.token()));
        Ok(())
    }

    /// Assignments from a folder.
    fn follow(
        &self,
        components: Components,
        artefacts: Artefacts,
        assignments: watch::Sender<Arc<Assignments>>,
        latch: Latch,
        stages: &Stages,
    ) -> anyhow::Result<()> {
        let checks = self.args.checks_dir.clone().context("give --aggregator or --checks-dir")?;
        let descriptions = self.args.data_dir.join("descriptions");
        let folder = Folder { checks, descriptions, components, artefacts, assignments };
        stages.assign.spawn("folder", folder.run(latch, stages.assign.token()));
        Ok(())
    }

    /// What runs the checks.
    fn drive(
        &self,
        plugins: Plugins,
        vault: Vault,
        aggregator: Option<Aggregator>,
        assignments: watch::Receiver<Arc<Assignments>>,
        spool: Option<Spool>,
        stages: &Stages,
    ) -> anyhow::Result<()> {
        let (data_dir, clock) = (&self.args.data_dir, Arc::clone(&self.clock));
        let extra_roots = roots::read(self.args.target_ca.as_deref())?;
        let ledgers = Ledgers::new(data_dir.join("ledger"));
        let backends = Backends {
            state: Arc::new(States::new(data_dir.join("state"))),
            node: Arc::new(Node::new(self.node.to_string(), &self.args.node_root)?),
            ledger: Arc::new(ledgers.clone()),
            dialer: Arc::new(Dialer::new(DialerConfig { extra_roots, resolver: Arc::new(SystemResolver) })?),
        };
        let leases = Leases::new(aggregator, Arc::clone(&clock));
        let (guests, metrics) = (Runner::guest_runtime()?, run::metrics::Metrics::register(&self.registry)?);
        let runner = Runner { plugins, vault, leases, ledgers, backends, guests, clock: Arc::clone(&clock), metrics };
        let driver = Driver {
            node: self.node.clone(),
            concurrency: self.args.concurrency,
            assignments,
            runner,
            exposition: Exposition::register(&self.registry)?,
            spool,
            clock,
            metrics: schedule::metrics::Metrics::register(&self.registry)?,
        };
        stages.run.spawn("driver", driver.run(stages.run.token()));
        Ok(())
    }
}
