//! Runs one plugin once, under limits: bytes, grants and limits in, a typed outcome out. Used by `agent`, `cli`, the
//! compiler and the benchmarks. It knows no Kubernetes, no frames and not where a component comes from; it links no
//! compiler.
//!
//! Guests belong on a runtime of their own, so that nothing they do delays the control plane: whoever calls `run` and
//! `clean_up` spawns their futures there. It needs tokio's time and network, and threads for blocking look-ups.

mod admission;
pub mod engine;
mod pool;
mod ticker;

pub mod artefact;
mod link;
mod load;
mod plugin;

mod backend;
mod call;
mod secret;

mod capability;
mod limit;
mod net;
mod state;
mod trail;
mod wasi;

mod charge;
mod describe;
mod meter;
mod run;

mod mask;
pub mod outcome;
mod settle;

mod bindings;

pub use backend::{
    BackendError, Backends, FILE_BYTES_MAX, LedgerBackend, LedgerEntry, LedgerMark, NodeBackend, Owner, StateBackend,
};
pub use call::{Call, MayBegin};
pub use charge::{charged, hashing};
pub use describe::describe;
pub use engine::{Engine, EngineError};
pub use limit::{HASHED_BYTES_MAX, HOST_CALLS_MAX, STATE_WRITES_MAX};
pub use link::{CONTRACT, Kind, Unlinkable};
pub use load::LoadError;
pub use net::resolve::{Resolve, SystemResolver};
pub use net::{Dialer, DialerConfig, DialerError};
pub use outcome::{End, Outcome};
pub use plugin::{Plugin, PluginError};
pub use pool::SLOTS;
pub use run::{clean_up, run};
pub use secret::Secret;
pub use ticker::TICK;
