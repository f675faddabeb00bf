//! Why the gate gives no answer. Mapped to a status in `http/decisions`, and to a refusal in `release/start`.

use super::question::Misfit;
use crate::store::StoreError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The tenant is not in the catalogue.
    #[error("there is no such tenant")]
    NotFound,
    /// No catalogue was read yet, so nobody knows the law.
    #[error("the law is not loaded yet")]
    NotReady,
    /// The question names what is not there.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The store failed; never an allow.
    #[error("the gate's store failed")]
    Store(#[from] StoreError),
}
