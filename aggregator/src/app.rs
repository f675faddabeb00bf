//! Shell: the composition root: configuration in, stages built in the order of the flow, sockets bound, tasks spawned.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use process::clock::SystemClock;
use process::compile::Compiler;
use process::http::admin;
use process::http::listen::{Limits, Listener};
use process::ready::Readiness;
use process::shutdown::Signals;
use process::supervise::Supervisor;
use process::tls::{ServerFiles, server};
use prometheus::Registry;
use tokio::sync::Semaphore;

use crate::args::Serve;
use crate::audit::Crossings;
use crate::authz::PlatformScope;
use crate::catalogue::Publisher;
use crate::fleet::agents::Agents;
use crate::gate::Gate;
use crate::http::frames::FRAMES_MAX;
use crate::http::{self, Api, Parts};
use crate::placement::Placement;
use crate::placement::lease::Leases;
use crate::plugin::Library;
use crate::plugin::blobs::Blobs;
use crate::secret::dir::Secrets;
use crate::store::agent::AgentRead as _;
use crate::store::lease::LeaseRead as _;
use crate::tasks::{self, TASKS};
use crate::{catalogue, command, fleet, gate, ingest};

/// Kubernetes grants a pod 30 s; five are for the kernel and us.
const GRACE: Duration = Duration::from_secs(25);

/// Everything `serve` is told.
#[derive(Clone, Debug)]
pub struct Config {
    flags: Serve,
}

/// The aggregator, bound and not yet serving.
pub struct App {
    supervisor: Supervisor,
    claim: File,
    /// Where the API listens.
    pub api_address: SocketAddr,
    /// Where the admin routes listen.
    pub admin_address: SocketAddr,
}

impl From<Serve> for Config {
    fn from(flags: Serve) -> Self {
        Self { flags }
    }
}

/// Opens the store, restores what is known, binds both sockets and starts every task.
///
/// # Errors
/// What is not usable, by name, and what to do.
pub async fn build(Config { flags }: Config) -> anyhow::Result<App> {
    let compiler = flags.compiler();
    let Serve {
        data_dir, catalogue_dir, secrets_dir, compiler: _, listen, admin_listen,
        tls_cert, tls_key, client_ca, public_url, addresses_file,
    } = flags;
    let clock = SystemClock::shared();
    let registry = Registry::new();
    let readiness = Readiness::new();
    let (supervisor, [serving, working, storing]) = Supervisor::in_drain_order(["serve", "work", "store"]);

    // --- store
    let (store, writer) = command::open(&data_dir)?;
    let claim = command::claim(&data_dir)?;
    storing.spawn_thread("store-writer", move || writer.run())?;
    storing.spawn("store-close", store.clone().close_on(storing.token()));
    let system = PlatformScope::system("start");
    let (agents, leases) = store.read(move |view| Ok((view.agents(&system)?, view.leases(&system)?))).await?;
    let boot = clock.boot();
    let key = store.batch(|tx| tx.fact_ensure("secret-version-key", &crate::authn::random::bytes::<32>())).await?;

    // --- catalogue and placement
    let blobs = Arc::new(Blobs::open(data_dir.join("plugins"))?);
    let library = Library::new(store.clone(), Arc::clone(&blobs), Compiler::new(compiler), Arc::clone(&clock));
    let agents = Arc::new(Agents::restore(agents, boot));
    let manifests = catalogue::Config { folder: catalogue_dir };
    let metrics = catalogue::Metrics::register(&registry)?;
    let (publisher, catalogue) = Publisher::new(manifests, library, store.clone(), Arc::clone(&clock), metrics);
    working.spawn("catalogue", publisher.run(readiness.latch("catalogue"), working.token()));
    let placement = Arc::new(Placement::restore(store.clone(), agents, catalogue).await?);

    // --- sockets
    let tls = server(ServerFiles { cert: tls_cert, key: tls_key, client_ca: Some(client_ca) })?;
    let bound = Listener::bind(listen, Some(Arc::clone(&tls)), Limits::default()).await;
    let bound = bound.with_context(|| format!("--listen {listen} cannot be bound; choose a free port"))?;
    let admin = Listener::bind(admin_listen, None, Limits::default()).await;
    let admin = admin.with_context(|| format!("--admin-listen {admin_listen} cannot be bound; choose a free port"))?;
    let (api_address, admin_address) = (bound.address(), admin.address());
    tracing::info!(api = %api_address, admin = %admin_address, "listening");

    // --- gate
    let public_url = public_url.unwrap_or_else(|| format!("https://{api_address}"));
    let metrics = gate::Metrics::register(&registry)?;
    let gate = Gate::new(gate::Config { public_url }, store.clone(), Arc::clone(&clock), &placement, metrics);

    // --- routes
    let api = Api::from(Parts {
        store: store.clone(),
        clock: Arc::clone(&clock),
        placement,
        gate,
        leases: Arc::new(tokio::sync::Mutex::new(Leases::restore(leases, boot))),
        blobs,
        secrets: Arc::new(Secrets::new(secrets_dir, key)),
        ingest: ingest::Metrics::register(&registry)?,
        frames: Semaphore::new(FRAMES_MAX),
        crossings: Crossings::default(),
        stopping: supervisor.stopping(),
    });

    // --- tasks
    let context = Arc::new(tasks::Context {
        api: api.clone(),
        fleet: fleet::Metrics::register(&registry)?,
        verified: Mutex::default(),
    });
    working.spawn("placement", tasks::place(Arc::clone(&context), working.token()));
    for task in TASKS {
        working.spawn(task.name, tasks::run(task, Arc::clone(&context), working.token()));
    }

    // --- serving
    serving.spawn("api", bound.serve(http::router(api), serving.token()));
    serving.spawn("tls-files", tls.keep_fresh(serving.token()));
    let admin_routes = admin::router(registry, readiness, supervisor.stopping());
    storing.spawn("admin", admin.serve(admin_routes, storing.token()));
    if let Some(file) = addresses_file {
        write_addresses(&file, api_address, admin_address)?;
    }
    Ok(App { supervisor, claim, api_address, admin_address })
}

impl App {
    /// Serves until a signal or a bad end of a task.
    ///
    /// # Errors
    /// The bad end, or a drain that took too long.
    pub async fn run(self, signals: Signals) -> anyhow::Result<()> {
        let Self { supervisor, claim, .. } = self;
        let ended = supervisor.run(signals, GRACE).await;
        // Nobody else may serve this folder before the last commit.
        drop(claim);
        Ok(ended?)
    }
}

/// Whole or not at all, so that whoever waits for the file never reads half of it.
fn write_addresses(file: &PathBuf, api: SocketAddr, admin: SocketAddr) -> anyhow::Result<()> {
    let text = serde_json::json!({ "api": api, "admin": admin }).to_string();
    let beside = file.with_extension("part");
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file));
    written.with_context(|| format!("--addresses-file {} cannot be written", file.display()))
}
