//! The law: what a release asks, what the gate sees, and the decision that follows from both at an instant.
//! Called by the aggregator alone: its gate decides by it, and its readers see verdicts and freezes by it. It reads no
//! clock, no disk and no database, so the same snapshot and the same instant always give the same decision.

mod ask;
mod snapshot;

mod matching;

mod finding;

pub mod freeze;
mod require;
mod verdict;

mod decide;
mod version;

pub use ask::Ask;
pub use decide::{Evaluation, decide};
pub use finding::{Code, Finding, RuleRef};
pub use matching::concerns_tenant;
pub use require::Requirement;
pub use snapshot::{Broken, CheckNow, NodeNow, Owned, OwnerTier, Place, Released, Snapshot, Succeeded, TenantNow};
pub use verdict::verdict;
pub use version::tzdb_version;
