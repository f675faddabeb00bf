//! The host's side of one run: what its store holds and what its capability calls fill. Made by `run`, used by the
//! capabilities, taken apart into an `Outcome` at the end, whichever way the run ended.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::backend::Backends;
use crate::bindings::wit::types::HostError;
use crate::call::Call;
use crate::limit::{CallBudget, HANDLES_MAX, MemoryLimiter};
use crate::meter::Stopwatch;
use crate::outcome::{Denial, HostReason};
use crate::trail::exchanges::Exchanges;
use crate::trail::lines::Lines;
use crate::trail::steps::Steps;
use crate::wasi::{self, Tail};

pub(crate) struct RunState {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) tail: Tail,
    pub(crate) memory: MemoryLimiter,
    pub(crate) budget: CallBudget,
    pub(crate) call: Call,
    pub(crate) backends: Backends,
    pub(crate) clock: Stopwatch,
    pub(crate) lines: Lines,
    pub(crate) steps: Steps,
    pub(crate) exchanges: Exchanges,
    pub(crate) intents: usize,
    pub(crate) marks: usize,
    pub(crate) state_writes: u32,
    pub(crate) denials: Vec<Denial>,
}

impl RunState {
    /// The state of a run that begins now.
    pub(crate) fn new(call: Call, backends: Backends) -> Self {
        let tail = Tail::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        Self {
            wasi: wasi::empty(&tail),
            table,
            tail,
            memory: MemoryLimiter::new(call.limits.memory_bytes),
            budget: CallBudget::default(),
            exchanges: Exchanges::new(&call.limits),
            call,
            backends,
            clock: Stopwatch::start(),
            lines: Lines::default(),
            steps: Steps::default(),
            intents: 0,
            marks: 0,
            state_writes: 0,
            denials: Vec::new(),
        }
    }

    /// Records a refusal and words it for the guest.
    pub(crate) fn deny(&mut self, denial: Denial) -> HostError {
        let error = HostError {
            reason: HostReason::CapabilityDenied.as_str().to_owned(),
            message: format!("{} may not use {}", denial.capability, denial.subject),
            remedy: Some(denial.remedy.clone()),
        };
        if self.denials.len() < DENIALS_MAX {
            self.denials.push(denial);
        }
        error
    }
}

impl WasiView for RunState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Denials kept of one run: they repeat after a few.
pub(crate) const DENIALS_MAX: usize = 16;

/// A failed host call as the guest sees it.
pub(crate) fn host_error(reason: HostReason, message: impl Into<String>) -> HostError {
    HostError { reason: reason.as_str().to_owned(), message: message.into(), remedy: None }
}
