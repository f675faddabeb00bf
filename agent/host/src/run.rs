//! Shell: runs one guest once. A fresh store per run, dropped after it; CPU by epochs, the wall clock outside, memory
//! by the limiter. Called by `agent` and `cli` from a runtime that guests have for themselves, and by `describe`.
//! It does not schedule, retry or judge: whatever happens to the guest is an `Outcome`, never an error.

use std::sync::Arc;
use std::time::Duration;

use api::limits::CLEAN_UP;
use tokio::time::{sleep, timeout};
use wasmtime::{Store, UpdateDeadline};

use crate::backend::{Backends, LedgerEntry};
use crate::bindings::wit;
use crate::bindings::wit::types::Context;
use crate::call::Call;
use crate::charge::{Account, Metered};
use crate::engine::{ADMISSION_MAX, Engine};
use crate::limit::{CpuExceeded, HOST_CALL_BYTES_MAX};
use crate::meter::Stopwatch;
use crate::outcome::{End, Outcome, Usage};
use crate::plugin::Plugin;
use crate::settle::{Answer, Finished, Stopped, described, settle};
use crate::state::RunState;
use crate::ticker::TICK;

/// What to call.
enum Entry {
    Describe,
    Run,
    CleanUp(Vec<LedgerEntry>),
}

/// Runs the plugin's check.
pub async fn run(plugin: &Plugin, call: Call, backends: &Backends) -> Outcome {
    settle(Box::pin(execute(plugin, call, backends, Entry::Run)).await)
}

/// Lets a journey remove what a run left, in a fresh store with `CLEAN_UP` of its own. `left` are the entries with an
/// intent and no `cleaned`, oldest first. A plugin that is no journey ends as `NotStarted`.
pub async fn clean_up(plugin: &Plugin, mut call: Call, left: Vec<LedgerEntry>, backends: &Backends) -> Outcome {
    call.limits.wall_ms = u32::try_from(CLEAN_UP.as_millis()).unwrap_or(u32::MAX);
    settle(Box::pin(execute(plugin, call, backends, Entry::CleanUp(left))).await)
}

/// Calls `describe` alone; see `crate::describe`.
pub(crate) async fn describe(plugin: &Plugin, call: Call, backends: &Backends) -> Result<String, End> {
    described(Box::pin(execute(plugin, call, backends, Entry::Describe)).await)
}

async fn execute(plugin: &Plugin, call: Call, backends: &Backends, entry: Entry) -> Finished {
    let (wall, cpu) = (call.wall(), call.cpu());
    let queue = Stopwatch::start();
    let admitted = timeout(ADMISSION_MAX, plugin.engine.admit(&call.owner.tenant, &call.limits)).await;
    let queued = queue.elapsed();
    let admission = match admitted {
        Err(_) => Err(Stopped::NotStarted(format!("no slot for {} s", ADMISSION_MAX.as_secs()))),
        Ok(_) if stands_still(&plugin.engine).await => {
            Err(Stopped::NotStarted("the epoch thread stands still".to_owned()))
        }
        // Asked last: nothing is waited for between this and the run.
        Ok(admission) => match &call.may_begin {
            Some(may_begin) => may_begin().map(|()| admission).map_err(Stopped::Withheld),
            None => Ok(admission),
        },
    };
    let account = match admission {
        Ok(admission) => Account::new(admission),
        Err(stopped) => {
            let (answer, state) = (Err(stopped), RunState::new(call, backends.clone()));
            return Finished { answer, state, usage: Usage { queued, ..Usage::default() } };
        }
    };
    let mut store = store(plugin, call, backends, cpu, &account);
    let running = Metered::new(&account, enter(plugin, &mut store, entry));
    let answer = match timeout(wall, running).await {
        Ok(answer) => answer,
        Err(_) => Err(Stopped::Deadline(wall)),
    };
    let answer = answer.map_err(|stopped| stopped.with_cpu(account.cpu.used(), cpu));
    let state = store.into_data();
    let usage = Usage {
        cpu: account.cpu.used(),
        wall: state.clock.elapsed(),
        queued,
        memory_peak_bytes: state.memory.peak_bytes(),
        host_calls: state.budget.made(),
        requests: 0,
    };
    Finished { answer, state, usage }
}

/// A second look after two ticks: after a pause of the whole machine this thread may be the first to wake.
async fn stands_still(engine: &Engine) -> bool {
    if !engine.stands_still() {
        return false;
    }
    sleep(2 * TICK).await;
    engine.stands_still()
}

fn store(plugin: &Plugin, call: Call, backends: &Backends, cpu: Duration, account: &Arc<Account>) -> Store<RunState> {
    let mut store = Store::new(plugin.engine.wasmtime(), RunState::new(call, backends.clone()));
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(HOST_CALL_BYTES_MAX);
    store.set_epoch_deadline(1);
    let account = Arc::clone(account);
    store.epoch_deadline_callback(move |_| {
        if account.cpu.used_within_poll() >= cpu {
            return Err(CpuExceeded.into());
        }
        // Yielding at each tick is what lets other guests, and the wall clock, have their turn.
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

async fn enter(plugin: &Plugin, store: &mut Store<RunState>, entry: Entry) -> Result<Answer, Stopped> {
    let call = &store.data().call;
    let context =
        Context { run_id: call.run_id.clone(), scheduled_at_ms: call.scheduled_at_ms, timeout_ms: call.limits.wall_ms };
    let answer = match entry {
        Entry::Run => {
            let guest = plugin.check.instantiate_async(&mut *store).await?;
            Answer::Judged(guest.call_run(store, &context).await?)
        }
        Entry::Describe => {
            let guest = plugin.check.instantiate_async(&mut *store).await?;
            Answer::Description(guest.call_describe(store).await?)
        }
        Entry::CleanUp(left) => {
            let Some(journey) = &plugin.journey else {
                return Err(Stopped::NotStarted("only a journey can clean up".to_owned()));
            };
            let left: Vec<wit::ledger::Entry> = left.into_iter().map(Into::into).collect();
            let guest = journey.instantiate_async(&mut *store).await?;
            Answer::CleanedUp(guest.floorwalker_check_clean_up().call_run(store, &context, &left).await?)
        }
    };
    Ok(answer)
}

impl From<LedgerEntry> for wit::ledger::Entry {
    fn from(entry: LedgerEntry) -> Self {
        Self { kind: entry.kind, key: entry.key, id: entry.id }
    }
}
