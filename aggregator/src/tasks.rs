//! Shell: periodic work: rows of period, name, function. A function is idempotent and retries nothing: the next period
//! does. The composition root spawns [`run`] for each row.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use api::id::Digest;
use process::supervise::{blocking, chain};
use tokio_util::sync::CancellationToken;

use crate::audit::{Verified, verify};
use crate::authz::PlatformScope;
use crate::fleet;
use crate::http::Api;
use crate::placement::PLACEMENTS_KEPT;
use crate::placement::agents::FORGOTTEN;
use crate::secret::share;
use crate::store::StoreError;
use crate::store::audit::AuditRead as _;

/// Transitions and failures: a month to look back on.
const RESULTS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Minute roll-ups: readers see the last hour, and somebody who comes on Monday the weekend.
const COUNTS_KEPT: Duration = Duration::from_secs(48 * 3_600);
/// Tickets after their end: that long a replay is told from a forgery.
const TICKETS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Decisions that started nothing; the audit trail keeps a line of each. A year's season, and a month to ask about it.
const DECISIONS_KEPT: Duration = Duration::from_secs(400 * 86_400);
/// Entries of the audit trail verified in one read: 1,000 of 1 KiB.
const AUDIT_PAGE: u32 = 1_000;

/// What tasks work with.
pub struct Context {
    /// The same parts as the routes.
    pub api: Api,
    /// The fleet's metrics.
    pub fleet: fleet::Metrics,
    /// How far each audit chain was verified since the start.
    pub verified: Mutex<std::collections::BTreeMap<String, Verified>>,
}

type Outcome<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// How often.
    pub period: Duration,
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub work: for<'a> fn(&'a Context) -> Outcome<'a>,
}

/// All of them. Placing has its own driver, [`place`], because it is nudged too.
pub const TASKS: [Task; 4] = [
    // What a crash may forget of when an agent was heard; a restart counts all as heard now anyway.
    Task { period: Duration::from_secs(10), name: "agents-store", work: |context| Box::pin(agents_store(context)) },
    // Results and counts go in steps, the rest is few an hour; a late hour of thirty days is nothing.
    Task { period: Duration::from_secs(3_600), name: "retention", work: |context| Box::pin(retention(context)) },
    // Components of manifests that are gone; the disk is not short within an hour.
    Task { period: Duration::from_secs(3_600), name: "plugin-sweep", work: |context| Box::pin(plugin_sweep(context)) },
    // Each look goes on where the last one ended, so an hour's look is short.
    Task { period: Duration::from_secs(3_600), name: "audit-verify", work: |context| Box::pin(audit_verify(context)) },
];

/// Silence and new secrets are noticed within this; a new catalogue or agent at once.
const PLACE_PERIOD: Duration = Duration::from_secs(1);

/// Does the work at once and each period, until `token` is cancelled. A failure is logged and tried at the next one.
///
/// # Errors
/// Never.
pub async fn run(task: Task, context: std::sync::Arc<Context>, token: CancellationToken) -> Result<(), Infallible> {
    loop {
        log(task.name, (task.work)(&context).await);
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            () = tokio::time::sleep(task.period) => {}
        }
    }
}

/// Keeps the plan current, until `token` is cancelled.
///
/// # Errors
/// Never.
pub async fn place(context: std::sync::Arc<Context>, token: CancellationToken) -> Result<(), Infallible> {
    let placement = std::sync::Arc::clone(&context.api.placement);
    let mut catalogue = placement.catalogue();
    loop {
        log("placement", renew(&context).await);
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            () = placement.due(&mut catalogue) => {}
            () = tokio::time::sleep(PLACE_PERIOD) => {}
        }
    }
}

fn log(task: &'static str, outcome: Result<(), StoreError>) {
    match outcome {
        // The store's own task says why it ended.
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => tracing::error!(task, error = %chain(&error), "a task failed and is tried again"),
    }
}

async fn renew(context: &Context) -> Result<(), StoreError> {
    let api = &context.api;
    let boot = api.clock.boot();
    api.placement.agents().forget(boot);
    let seen = api.placement.agents().seen(boot);
    context.fleet.agents(&seen);
    let versions = async |catalogue: &api::catalogue::Catalogue| api.secrets.versions(share::of_all(catalogue)).await;
    api.placement.renew(&seen, api.clock.wall_ms(), versions).await
}

async fn agents_store(context: &Context) -> Result<(), StoreError> {
    let heard = context.api.placement.agents().take_unstored();
    if heard.is_empty() {
        return Ok(());
    }
    context.api.store.batch(move |tx| tx.agents_heard(&heard)).await
}

async fn retention(context: &Context) -> Result<(), StoreError> {
    let now_ms = context.api.clock.wall_ms();
    let before = |kept: Duration| now_ms.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
    let (results, counts) = (before(RESULTS_KEPT), before(COUNTS_KEPT).div_euclid(60_000));
    let (tickets, decisions) = (before(TICKETS_KEPT), before(DECISIONS_KEPT));
    let (placements, agents) = (before(PLACEMENTS_KEPT), before(FORGOTTEN));
    let store = &context.api.store;
    while store.batch(move |tx| tx.results_forget(results, counts)).await? {}
    let forget = store.batch(move |tx| {
        tx.placements_forget(placements)?;
        tx.agents_forget(agents)
    });
    forget.await?;
    while store.upkeep(move |tx| tx.decisions_forget(tickets, decisions)).await? {}
    Ok(())
}

/// Components that no manifest wants, and what agents said of them. A component stays as long as a late record of a moved
/// check is taken: its manifest may come back.
async fn plugin_sweep(context: &Context) -> Result<(), StoreError> {
    let Some(plan) = context.api.placement.current() else {
        return Ok(());
    };
    let wanted: BTreeSet<Digest> =
        plan.catalogue.plugins.values().map(|plugin| plugin.manifest.spec.digest.clone()).collect();
    let kept = wanted.clone();
    context.api.store.batch(move |tx| tx.agent_plugins_keep(&kept)).await?;
    let now_ms = u64::try_from(context.api.clock.wall_ms()).unwrap_or_default();
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms);
    let blobs = std::sync::Arc::clone(&context.api.blobs);
    match blocking("plugin sweep", move || blobs.sweep(&wanted, PLACEMENTS_KEPT, now)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(error = %chain(&error), "components were not swept"),
        Err(panic) => tracing::error!(error = %panic, "components were not swept"),
    }
    Ok(())
}

async fn audit_verify(context: &Context) -> Result<(), StoreError> {
    let store = &context.api.store;
    for scope in store.read(|view| view.audit_chains(&PlatformScope::system("audit-verify"))).await? {
        loop {
            let chain = scope.key().to_owned();
            let at = context.verified().get(&chain).copied().unwrap_or_default();
            let page = scope.clone();
            let entries = store.read(move |view| view.audit_entries(&page, at.seq, AUDIT_PAGE)).await?;
            if entries.is_empty() {
                break;
            }
            match verify(at, &entries) {
                Ok(verified) => drop(context.verified().insert(chain, verified)),
                Err(error) => {
                    tracing::error!(%error, tenant = scope.key(), "the audit trail is broken; compare it with a backup");
                    break;
                }
            }
        }
    }
    Ok(())
}

impl Context {
    fn verified(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<String, Verified>> {
        self.verified.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
