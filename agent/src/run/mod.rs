//! Shell: one run of one check, from its prerequisites to its result: plugin, secrets, lease, clean-up of what an
//! earlier run left, the run itself in the sandbox, clean-up of what it left. Called by `schedule/driver` and `local`.
//! It keeps no history: that is `judge`.

pub mod backend;
pub mod call;
pub mod gone;
pub mod lease;
pub mod metrics;
pub mod roots;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::frame::{Assignment, Assignments, LedgerNote};
use api::id::RunId;
use api::result::{CheckResult, Reason};
use host::{
    Backends, Dialer, DialerConfig, DialerError, Kind, LedgerEntry, MayBegin, Outcome, Plugin, Secret, SystemResolver,
};
use process::clock::SharedClock;
use process::supervise::{Jobs, Panicked, Runtime};
use prometheus::Registry;
use tokio::sync::watch;

use crate::judge::outcome::{self, Run};
use crate::plugin::table::Plugins;
use backend::ledger::Ledgers;
use backend::node::{Node, RootError};
use backend::secrets::Vault;
use backend::state::States;
use gone::Gone;
use lease::{Leases, Work};
use roots::RootsError;

/// Threads for guests: a spinning guest has one until its next yield, 10 ms later, and the others go on.
pub const GUEST_THREADS: usize = 2;

/// What every run needs. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    plugins: Plugins,
    vault: Vault,
    leases: Leases,
    ledgers: Ledgers,
    backends: Backends,
    guests: Arc<Runtime>,
    folder: PathBuf,
    clock: SharedClock,
    metrics: metrics::Metrics,
}

/// What runs need of the node.
#[derive(Clone, Debug)]
pub struct Config {
    /// State and ledgers lie below it.
    pub folder: PathBuf,
    /// The node's name.
    pub node: String,
    /// Where its files are seen.
    pub node_root: PathBuf,
    /// Authorities that checks trust beside the public ones.
    pub target_ca: Option<PathBuf>,
}

/// What runs need of other stages.
pub struct Inputs {
    /// Plugins of this node.
    pub plugins: Plugins,
    /// Values of secrets.
    pub vault: Vault,
    /// Leases of mutating checks.
    pub leases: Leases,
    /// When a run began.
    pub clock: SharedClock,
}

/// Why nothing can be run.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The node's root is not there.
    #[error("checks could read no file of the node")]
    Root(#[from] RootError),
    /// Extra authorities that are none.
    #[error("checks would trust nobody's own authorities")]
    Roots(#[from] RootsError),
    /// No network.
    #[error("checks could reach nothing")]
    Dialer(#[from] DialerError),
    /// No threads.
    #[error("guests have no threads")]
    Threads(#[from] std::io::Error),
    /// A name is taken: a bug.
    #[error("metrics cannot be made")]
    Metrics(#[from] prometheus::Error),
}

/// Makes what does the runs.
///
/// # Errors
/// Something of the node is not usable.
pub fn build(config: Config, inputs: Inputs, registry: &Registry) -> Result<Runner, BuildError> {
    let Config { folder, node, node_root, target_ca } = config;
    let Inputs { plugins, vault, leases, clock } = inputs;
    let extra_roots = roots::read(target_ca.as_deref())?;
    let ledgers = Ledgers::new(folder.join("ledger"));
    let backends = Backends {
        state: Arc::new(States::new(folder.join("state"))),
        node: Arc::new(Node::new(node, &node_root)?),
        ledger: Arc::new(ledgers.clone()),
        dialer: Arc::new(Dialer::new(DialerConfig { extra_roots, resolver: Arc::new(SystemResolver) })?),
    };
    let guests = Runtime::start("guest", GUEST_THREADS).map(Arc::new)?;
    let metrics = metrics::Metrics::register(registry)?;
    Ok(Runner { plugins, vault, leases, ledgers, backends, guests, folder, clock, metrics })
}

/// A run to do.
#[derive(Clone, Debug)]
pub struct Job {
    /// Of what.
    pub assignment: Arc<Assignment>,
    /// The instant of the plan, in milliseconds since 1970-01-01 UTC: what the run is named by.
    pub scheduled_at_ms: u64,
}

/// A run that was done, or was not.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Of what.
    pub assignment: Arc<Assignment>,
    /// What it found.
    pub result: CheckResult,
    /// What the host saw; none when it did not take place.
    pub outcome: Option<Outcome>,
    /// The lease it had.
    pub lease: Option<u64>,
    /// When it began, on the boot-time clock.
    pub began_boot_ms: u64,
    /// CPU that it and its clean-ups used.
    pub cpu: Duration,
    /// Objects at the target that were touched, and where they stand.
    pub ledger: Vec<LedgerNote>,
}

/// Why a run did not take place.
struct Skip {
    reason: Reason,
    summary: String,
}

/// A run that may begin.
struct Ready {
    plugin: Plugin,
    secrets: BTreeMap<String, Secret>,
    lease: Option<u64>,
}

// === impl Runner ===

impl Runner {
    /// What looks after that which checks leave here when they go.
    pub fn gone(&self, assignments: watch::Receiver<Arc<Assignments>>) -> Gone {
        let (ledger_folder, state_folder) = (self.folder.join("ledger"), self.folder.join("state"));
        let (ledgers, clock) = (self.ledgers.clone(), Arc::clone(&self.clock));
        Gone { ledgers, ledger_folder, state_folder, clock, assignments }
    }

    /// Does a job.
    pub async fn run(self, job: Job) -> Ran {
        let Job { assignment, scheduled_at_ms } = job;
        let run = Run { id: RunId::of(assignment.check_id, scheduled_at_ms), scheduled_at_ms };
        let began_boot_ms = self.clock.boot_ms();
        let mut cpu = Duration::ZERO;
        let (result, outcome, lease) = match self.prepare(&assignment, run, &mut cpu).await {
            Err(Skip { reason, summary }) => (outcome::skipped(run, reason, &summary), None, None),
            Ok(Ready { plugin, secrets, lease }) => {
                let began = self.execute(&assignment, run, &plugin, secrets, &mut cpu).await;
                let (result, outcome) = began.unwrap_or_else(|error| (outcome::broken(run, &error.to_string()), None));
                (result, outcome, lease)
            }
        };
        self.plugins.ran(&assignment, &result);
        self.metrics.ran(&result);
        let ledger = self.ledgers.tell(&call::owner(&assignment)).await.unwrap_or_default();
        Ran { assignment, result, outcome, lease, began_boot_ms, cpu, ledger }
    }

    /// Everything a run needs before it may begin.
    async fn prepare(&self, assignment: &Assignment, run: Run, cpu: &mut Duration) -> Result<Ready, Skip> {
        let missing =
            |error: &dyn std::error::Error| Skip { reason: Reason::PrerequisiteMissing, summary: error.to_string() };
        let unavailable = |summary: String| Skip { reason: Reason::PluginUnavailable, summary };
        let plugin = self.plugins.take(assignment).map_err(|error| unavailable(error.to_string()))?;
        let secrets = self.vault.of_check(assignment.check_id, &assignment.secrets).map_err(|error| missing(&error))?;
        let timeout = Duration::from_millis(assignment.timeout_ms);
        let left = self.left(assignment, &plugin).await.map_err(|error| missing(&error))?;
        let work = if left.is_empty() { Work::Run(timeout) } else { Work::CleanUpAndRun(timeout) };
        let mut lease = self.lease(assignment, work).await.map_err(|error| missing(&error))?;
        if !left.is_empty() {
            // A killed agent or a failed clean-up left it. Whether it is gone now is seen after the run.
            tracing::info!(check = %assignment.check_id, objects = left.len(), "cleaning up what an earlier run left");
            let cleaned = self.clean_up(assignment, run, &plugin, secrets.clone(), left).await;
            *cpu += cleaned.map_err(|error| missing(&error))?.usage.cpu;
            lease = self.lease(assignment, Work::Run(timeout)).await.map_err(|error| missing(&error))?;
        }
        Ok(Ready { plugin, secrets, lease })
    }

    async fn lease(&self, assignment: &Assignment, work: Work) -> Result<Option<u64>, lease::NoLease> {
        if !assignment.mutating {
            return Ok(None);
        }
        self.leases.token(assignment.check_id, work).await.map(Some)
    }

    /// What the host asks once the node has room: it may have had none for longer than the lease covers.
    fn may_begin(&self, assignment: &Assignment, work: Work) -> Option<MayBegin> {
        let (leases, check) = (self.leases.clone(), assignment.check_id);
        let still = move || leases.still_covers(check, work).map_err(|error| error.to_string());
        assignment.mutating.then(|| Arc::new(still) as MayBegin)
    }

    async fn execute(
        &self,
        assignment: &Assignment,
        run: Run,
        plugin: &Plugin,
        secrets: BTreeMap<String, Secret>,
        cpu: &mut Duration,
    ) -> Result<(CheckResult, Option<Outcome>), Panicked> {
        let timeout = Duration::from_millis(assignment.timeout_ms);
        let may_begin = self.may_begin(assignment, Work::Run(timeout));
        let (of_run, backends) = (call::call(assignment, run, secrets.clone(), may_begin), self.backends.clone());
        let of_guest = plugin.clone();
        let guest = async move { host::run(&of_guest, of_run, &backends).await };
        let outcome = self.in_sandbox(guest).await?;
        *cpu += outcome.usage.cpu;
        let mut result = outcome::result(run, &outcome);
        match self.left(assignment, plugin).await {
            Ok(left) if left.is_empty() => {}
            Ok(left) => {
                let cleaned = self.clean_up(assignment, run, plugin, secrets, left).await?;
                // Read anew: clean-up may have said it did and marked nothing.
                let still = self.left(assignment, plugin).await.map_or(usize::MAX, |left| left.len());
                *cpu += cleaned.usage.cpu;
                outcome::add_clean_up(&mut result, &cleaned, still);
            }
            Err(error) => tracing::error!(check = %assignment.check_id, %error, "what a run left is not known"),
        }
        Ok((result, Some(outcome)))
    }

    async fn clean_up(
        &self,
        assignment: &Assignment,
        run: Run,
        plugin: &Plugin,
        secrets: BTreeMap<String, Secret>,
        left: Vec<LedgerEntry>,
    ) -> Result<Outcome, Panicked> {
        let may_begin = self.may_begin(assignment, Work::CleanUp);
        let (of_run, backends) = (call::call(assignment, run, secrets, may_begin), self.backends.clone());
        let plugin = plugin.clone();
        self.in_sandbox(async move { host::clean_up(&plugin, of_run, left, &backends).await }).await
    }

    /// What a journey has left at its target; nothing for any other plugin.
    async fn left(&self, assignment: &Assignment, plugin: &Plugin) -> Result<Vec<LedgerEntry>, host::BackendError> {
        match plugin.kind() {
            Kind::Check => Ok(vec![]),
            Kind::Journey => self.ledgers.left(&call::owner(assignment)).await,
        }
    }

    /// Runs a guest on the guests' runtime and waits for it here; dropped here, it is dropped there.
    async fn in_sandbox(&self, guest: impl Future<Output = Outcome> + Send + 'static) -> Result<Outcome, Panicked> {
        let mut jobs = Jobs::on(self.guests.handle(), 1);
        jobs.spawn("guest", guest).expect("the group is empty");
        let outcome = jobs.join_next().await.expect("one was spawned and is never aborted")?;
        self.metrics.left_sandbox(&outcome);
        Ok(outcome)
    }
}
