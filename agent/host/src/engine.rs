//! Shell: the one engine configuration, shared with the compiler, and the node's admission: slots and bytes.
//! Built once per process by `agent`, `cli` and `floorwalker-compile`. It starts the ticker; it runs nothing itself.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::InstanceAllocationStrategy;

use crate::admission::{Admission, Slots};
use crate::capability::http;
use crate::limit::{HOST_CALL_BYTES_MAX, STACK_BYTES};
use crate::link;
use crate::pool::{self, SLOTS};
use crate::state::RunState;
use crate::ticker::Ticker;
use api::limits::RunLimits;

/// The wasmtime that this build links; artefacts of another version are not even tried. A test holds it to the lock.
const WASMTIME: &str = "48.0.8";
/// Runs at a time on a node that is not told otherwise.
pub const RUNS: u32 = 16;

/// The most that one run takes of the node's memory: the guest's own, and what the host holds for it: its stack, what one
/// call carries, as the guest gave it and as it goes out, and its requests. What wasmtime keeps of an instance is not in
/// it: some KiB for what a compiler makes, up to 1 MiB for each of 64 core instances of a component made for that.
pub const fn run_bytes(limits: &RunLimits) -> u64 {
    limits.memory_bytes + STACK_BYTES as u64 + 2 * HOST_CALL_BYTES_MAX as u64 + http::held_bytes(limits)
}

/// How the process wants its instances.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Instances at once; at most `SLOTS`.
    pub slots: u32,
    /// Memory that all runs together may take, in bytes, as `run_bytes` counts it.
    pub memory_bytes: u64,
    /// Where instances live.
    pub allocation: Allocation,
}

/// Where instances live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// Slots reserved at start; falls back to `OnDemand` where the address space is too small.
    Pool,
    /// Mapped per instance: slower, without a reservation.
    OnDemand,
}

impl Config {
    /// What an agent uses: the whole pool, and memory for twice the usual number of runs at the usual limits, of which
    /// one tenant has half: alone on its node it has the usual number. At the ceiling it is five runs, two of a tenant.
    /// The limit of the agent's container is the sum of this, the compiler's and the agent's own; a test adds them up.
    pub const AGENT: Self = Self {
        slots: SLOTS,
        memory_bytes: 2 * RUNS as u64 * run_bytes(&RunLimits::DEFAULT),
        allocation: Allocation::Pool,
    };
    /// What a process uses that runs one guest at a time.
    pub const SINGLE: Self =
        Self { slots: 1, memory_bytes: run_bytes(&RunLimits::CEILING), allocation: Allocation::OnDemand };
}

/// Why an engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refused the configuration.
    #[error("the sandbox engine does not start: {0:#}")]
    Configuration(wasmtime::Error),
    /// The offered interfaces do not fit together.
    #[error("the sandbox's interfaces cannot be linked: {0:#}")]
    Link(wasmtime::Error),
    /// No thread for the ticker.
    #[error("the epoch thread does not start")]
    Ticker(#[source] std::io::Error),
}

/// The engine of a process; cloning shares it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: wasmtime::component::Linker<RunState>,
    slots: Slots,
    ticker: Ticker,
    compatibility: String,
}

// === impl Engine ===

impl Engine {
    /// Makes the engine and starts its ticker.
    ///
    /// # Errors
    /// When even the on-demand engine is refused by the machine.
    pub fn new(config: Config) -> Result<Self, EngineError> {
        let (wasmtime, allocation) = match config.allocation {
            Allocation::Pool => with_pool(config.slots)?,
            Allocation::OnDemand => (on_demand()?, Allocation::OnDemand),
        };
        let linker = link::offered(&wasmtime).map_err(EngineError::Link)?;
        let ticker = Ticker::start(wasmtime.clone()).map_err(EngineError::Ticker)?;
        let compatibility = compatibility(&wasmtime);
        tracing::info!(?allocation, slots = config.slots, compatibility, "the sandbox is up");
        Ok(Self(Arc::new(Inner {
            linker,
            slots: Slots::new(config.slots, config.memory_bytes),
            ticker,
            compatibility,
            wasmtime,
        })))
    }

    /// What artefacts must have been made for: wasmtime's version, the machine and a hash of the settings.
    pub fn compatibility(&self) -> &str {
        &self.0.compatibility
    }

    /// Whether no run may start, since nothing would stop it.
    pub(crate) fn stands_still(&self) -> bool {
        self.0.ticker.stands_still()
    }

    /// The engine below, for the compiler.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.0.wasmtime
    }

    pub(crate) fn linker(&self) -> &wasmtime::component::Linker<RunState> {
        &self.0.linker
    }

    /// Waits for the run's turn.
    pub(crate) async fn admit(&self, tenant: &str, limits: &RunLimits) -> Admission {
        self.0.slots.admit(tenant, run_bytes(limits)).await
    }
}

/// The settings that compiler and loader must share: whatever changes generated code stands here.
fn settings() -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    // Async component-model tasks are not in the contract; leaving them out makes calls 15 % cheaper.
    config.concurrency_support(false);
    config.epoch_interruption(true);
    config.memory_init_cow(true);
    config.async_stack_size(STACK_BYTES);
    config
}

fn on_demand() -> Result<wasmtime::Engine, EngineError> {
    wasmtime::Engine::new(&settings()).map_err(EngineError::Configuration)
}

/// Tries the pool; a machine without the address space for it gets instances on demand.
fn with_pool(slots: u32) -> Result<(wasmtime::Engine, Allocation), EngineError> {
    let mut config = settings();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool::sized(slots)));
    match wasmtime::Engine::new(&config) {
        Ok(engine) => Ok((engine, Allocation::Pool)),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "no instance pool, instances are mapped on demand");
            Ok((on_demand()?, Allocation::OnDemand))
        }
    }
}

/// wasmtime checks an artefact against itself once more when it is loaded; this names files so that it rarely must.
fn compatibility(engine: &wasmtime::Engine) -> String {
    let mut settings = String::new();
    let _ = write!(
        settings,
        "epoch={} concurrency={} cow={} reservation={} guard={} growth={} may_move={} stack={} features={:?}",
        engine.get_epoch_interruption(),
        engine.get_concurrency_support(),
        engine.get_memory_init_cow(),
        engine.get_memory_reservation(),
        engine.get_memory_guard_size(),
        engine.get_memory_reservation_for_growth(),
        engine.get_memory_may_move(),
        engine.get_max_wasm_stack(),
        engine.get_wasm_features(),
    );
    let hash = hex::encode(&Sha256::digest(settings.as_bytes())[..8]);
    format!("{WASMTIME}-{}-{}-{hash}", std::env::consts::ARCH, std::env::consts::OS)
}

/// Longest a run waits for the node before it is reported as not started: a pool of runs at their ceiling turns over.
pub(crate) const ADMISSION_MAX: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artefacts_are_named_after_the_wasmtime_that_is_linked() {
        let lock = include_str!("../../../Cargo.lock");
        let entry = format!("name = \"wasmtime\"\nversion = \"{WASMTIME}\"\n");
        assert!(lock.contains(&entry), "set WASMTIME to the version in Cargo.lock");
    }

    #[test]
    fn engines_of_one_process_agree_whatever_they_allocate_from() {
        let pool = Engine::new(Config { slots: 2, ..Config::AGENT }).expect("an engine");
        let on_demand = Engine::new(Config::SINGLE).expect("an engine");
        assert_eq!(pool.compatibility(), on_demand.compatibility());
        assert!(pool.compatibility().starts_with(WASMTIME), "{}", pool.compatibility());
    }
}
