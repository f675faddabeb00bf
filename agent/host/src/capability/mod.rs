//! What a guest may ask of the host, one module per interface of `wit/`. Each call first takes from the budget of
//! host calls, then is judged against the grants, then answered by its backend. Called by the guest through `link`.

pub(crate) mod ledger;
pub(crate) mod node;
pub(crate) mod secrets;
pub(crate) mod state;

pub(crate) mod config;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod steps;

use crate::backend::BackendError;
use crate::bindings::wit::types::{self, HostError};
use crate::outcome::HostReason;
use crate::state::{RunState, host_error};

impl types::Host for RunState {}

/// A backend's failure as the guest sees it.
fn of_backend(error: BackendError) -> HostError {
    match error {
        BackendError::Full(message) => host_error(HostReason::QuotaExceeded, message),
        BackendError::Missing(message) => host_error(HostReason::PrerequisiteMissing, message),
        BackendError::Failed(message) => host_error(HostReason::Other, message),
    }
}
