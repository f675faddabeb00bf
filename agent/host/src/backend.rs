//! What answers the capability calls of runs: the store of each check, the node, the ledger, the way to the network.
//! `agent` has the real ones and `describe` one that refuses; `capability` asks them once grants and bounds are judged.
//! Nothing here judges, and no backend knows wasmtime.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::net::Dialer;

/// What answers capability calls, shared by all runs of a process.
#[derive(Clone)]
pub struct Backends {
    /// The small store of each check.
    pub state: Arc<dyn StateBackend>,
    /// The node it runs on.
    pub node: Arc<dyn NodeBackend>,
    /// What journeys made at their targets.
    pub ledger: Arc<dyn LedgerBackend>,
    /// The way to the network.
    pub dialer: Arc<Dialer>,
}

/// Whose state, ledger and connections these are. Two checks never share any of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// Name of the tenant; empty for the platform's.
    pub tenant: String,
    /// Id of the check.
    pub check: String,
}

/// Keeps what checks remember, over restarts, never shared between owners.
pub trait StateBackend: Send + Sync {
    /// The value of a key.
    fn load<'a>(&'a self, owner: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, BackendError>>;
    /// Sets a key; `Full` beyond `STATE_KEYS_MAX` keys.
    fn save<'a>(&'a self, owner: &'a Owner, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), BackendError>>;
    /// Removes a key; that it was never there is no error.
    fn remove<'a>(&'a self, owner: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<(), BackendError>>;
}

/// What one `read-file` gives at most, as `wit/node.wit` has it: configuration has kilobytes.
pub const FILE_BYTES_MAX: u32 = 1 << 20;

/// Reads the node, in work that is `charged`. Paths it is given are granted, absolute and without `..`; it must not
/// follow a symbolic link out of them.
pub trait NodeBackend: Send + Sync {
    /// The JSON object of `wit/node.wit`.
    fn facts(&self) -> BoxFuture<'_, Result<String, BackendError>>;
    /// The first `bytes_max` bytes of a file.
    fn read_file<'a>(&'a self, path: &'a str, bytes_max: u32) -> BoxFuture<'a, Result<Vec<u8>, BackendError>>;
    /// SHA-256 of a whole file in hex; refuses files over 64 MiB. It asks `hashing` before each part it hashes.
    fn sha256_file<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<String, BackendError>>;
}

/// Something a journey made, or was about to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// What it is in the target's words, such as `sale.order`.
    pub kind: String,
    /// The journey's own name of it.
    pub key: String,
    /// The target's id, once known.
    pub id: Option<String>,
}

/// Which of the three marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerMark {
    /// About to be made.
    Intent,
    /// Made; the id is known.
    Created,
    /// Gone, or never was.
    Cleaned,
}

/// Keeps ledgers. A mark is durable before the future resolves.
pub trait LedgerBackend: Send + Sync {
    /// Writes a mark. `kind` and `key` name the entry within its owner; `Full` beyond `LEDGER_ENTRIES_MAX` open ones.
    fn mark<'a>(
        &'a self,
        owner: &'a Owner,
        run_id: &'a str,
        mark: LedgerMark,
        entry: LedgerEntry,
    ) -> BoxFuture<'a, Result<(), BackendError>>;
}

/// Why a backend could not answer. The message reaches the plugin's author: no path, no secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// A bound of the store is reached.
    #[error("{0}")]
    Full(String),
    /// What was asked for is not there.
    #[error("{0}")]
    Missing(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}
