//! Releases: created with a class and a digest, started with a ticket, finished with an outcome. What succeeded is what a
//! rollback may go back to. Called by `http/releases`; whether a release may go is the gate's matter.

pub mod create;
mod document;
pub mod finish;
pub mod start;

pub use document::{deployment, release};
pub use start::start;

/// How long a started deployment may take before it counts as abandoned: the longest maintenance night, twice.
pub const DEADLINE_MS: i64 = 24 * 3_600_000;

/// Deployments of a release that a reader sees, the newest: a fortnight of daily starts in seven environments.
pub const DEPLOYMENTS_MAX: u32 = 100;

/// Why a release was not created, started or finished.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No catalogue was read yet, so nobody knows the law.
    #[error("the law is not loaded yet")]
    NotReady,
    /// There is no such release, or no such tenant.
    #[error("there is no such release")]
    NotFound,
    /// The request names what is not there.
    #[error("{0}")]
    Misfit(String),
    /// It is in another state than the request assumes; the code is stable.
    #[error("{detail}")]
    State {
        /// `conflict`, or a code of the gate.
        code: &'static str,
        /// What to do.
        detail: String,
    },
    /// The ticket belongs to someone or something else.
    #[error("{0}")]
    Foreign(String),
}
