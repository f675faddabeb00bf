//! Shell: the composition root: configuration in, stages built in the order of the flow, sockets bound, tasks spawned.

use std::fs::File;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use process::clock::SystemClock;
use process::compile::Compiler;
use process::http::{admin, scrapers::Scrapers};
use process::ready::Readiness;
use process::shutdown::Signals;
use process::supervise::{Background, Supervisor};
use process::tls::ServerFiles;
use prometheus::Registry;
use tokio::sync::Semaphore;

use crate::args::Serve;
use crate::audit::Crossings;
use crate::catalogue::Publisher;
use crate::data::Data;
use crate::gate::Gate;
use crate::http::frames::FRAMES_MAX;
use crate::http::{self, Api, Parts};
use crate::placement::Placement;
use crate::plugin::Library;
use crate::secret::dir::Secrets;
use crate::sockets::Sockets;
use crate::tasks::{self, TASKS};
use crate::{catalogue, data, fleet, gate, ingest, sockets};

/// Kubernetes grants a pod 30 s; five are for the kernel and us.
const GRACE: Duration = Duration::from_secs(25);

/// Everything `serve` is told.
#[derive(Clone, Debug)]
pub struct Config {
    flags: Serve,
}

/// The aggregator, bound and serving.
pub struct App {
    supervisor: Supervisor,
    claim: File,
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
    let compiler = Compiler::new(flags.compiler());
    let Serve {
        data_dir,
        catalogue_dir,
        secrets_dir,
        compiler: _,
        listen,
        admin_listen,
        tls_cert,
        tls_key,
        client_ca,
        public_url,
        addresses_file,
    } = flags;
    let clock = SystemClock::shared();
    let registry = Registry::new();
    let readiness = Readiness::new();
    let (supervisor, [serving, working, storing]) = Supervisor::in_drain_order(["serve", "work", "store"]);

    let Data { claim, store, blobs, agents, leases, secret_key } =
        data::open(&data_dir, &storing, clock.boot()).await?;
    let files = ServerFiles { cert: tls_cert, key: tls_key, client_ca: Some(client_ca) };
    let bound = sockets::bind(sockets::Config { listen, admin_listen, files, addresses_file }).await?;
    let Sockets { api: api_socket, admin: admin_socket, tls } = bound;

    let library = Library::new(store.clone(), Arc::clone(&blobs), compiler, Arc::clone(&clock));
    let manifests = catalogue::Config { folder: catalogue_dir };
    let metrics = catalogue::Metrics::register(&registry)?;
    let (publisher, catalogue) = Publisher::new(manifests, library, store.clone(), Arc::clone(&clock), metrics);
    working.spawn("catalogue", publisher.run(readiness.latch("catalogue"), working.token()));
    let placement = Arc::new(Placement::restore(store.clone(), agents, catalogue).await?);

    let public_url = public_url.unwrap_or_else(|| format!("https://{}", api_socket.address()));
    let metrics = gate::Metrics::register(&registry)?;
    let gate = Gate::new(gate::Config { public_url }, store.clone(), Arc::clone(&clock), &placement, metrics);

    let api = Api::from(Parts {
        store,
        clock,
        placement,
        gate,
        leases,
        blobs,
        secrets: Arc::new(Secrets::new(secrets_dir, secret_key)),
        ingest: ingest::Metrics::register(&registry)?,
        frames: Semaphore::new(FRAMES_MAX),
        background: Background::start("frames").context("threads cannot be started")?,
        crossings: Crossings::default(),
        stopping: supervisor.stopping(),
    });

    let fleet = fleet::Metrics::register(&registry)?;
    let context = Arc::new(tasks::Context { api: api.clone(), fleet, verified: Mutex::default() });
    working.spawn("placement", tasks::place(Arc::clone(&context), working.token()));
    for task in TASKS {
        working.spawn(task.name, tasks::run(task, Arc::clone(&context), working.token()));
    }

    serving.spawn("api", api_socket.serve(http::router(api), serving.token()));
    serving.spawn("tls-files", tls.keep_fresh(serving.token()));
    // Their metrics name no tenant.
    let admin_routes = admin::router(registry, Scrapers::Anybody, readiness, supervisor.stopping());
    storing.spawn("admin", admin_socket.serve(admin_routes, storing.token()));
    Ok(App { supervisor, claim })
}

impl App {
    /// Serves until a signal or a bad end of a task.
    ///
    /// # Errors
    /// The bad end, or a drain that took too long.
    pub async fn run(self, signals: Signals) -> anyhow::Result<()> {
        let Self { supervisor, claim } = self;
        let ended = supervisor.run(signals, GRACE).await;
        // Nobody else may serve this folder before the last commit.
        drop(claim);
        Ok(ended?)
    }
}
