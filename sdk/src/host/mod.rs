//! What a guest can ask of its host: one module per interface of the contract, each a thin wrapper over the imported
//! function and, on a native target, its double. Used by plugins through the prelude. Nothing here judges.

use std::fmt;

use crate::bindings::check::floorwalker::check::types;
use crate::reason::Reason;

/// Calls the imported function in a guest, and the installed double natively: the imports do not exist there. The
/// guest's side is compiled on both, so that a native `cargo check` sees all of it.
macro_rules! host_call {
    ($guest:expr, $double:expr) => {{
        #[cfg(target_arch = "wasm32")]
        {
            $guest
        }
        #[cfg(not(target_arch = "wasm32"))]
        {
            if cfg!(target_arch = "wasm32") { $guest } else { $crate::host::double::with($double) }
        }
    }};
}

pub(crate) mod config;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod double;
pub mod http;
pub mod ledger;
pub mod log;
pub mod node;
pub mod secrets;
pub mod state;
pub(crate) mod steps;

/// A host call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    /// Why.
    pub reason: Reason,
    /// For a person.
    pub message: String,
    /// For a refusal: the exact `grants` line that would allow it.
    pub remedy: Option<String>,
}

impl HostError {
    /// An error without a remedy.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), remedy: None }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remedy {
            Some(remedy) => write!(f, "{}; to allow it: {remedy}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for HostError {}

impl From<types::HostError> for HostError {
    fn from(error: types::HostError) -> Self {
        Self { reason: Reason::from_word(&error.reason), message: error.message, remedy: error.remedy }
    }
}
