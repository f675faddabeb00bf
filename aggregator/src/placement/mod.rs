//! Which node runs which check: the catalogue's checks and the live agents become a plan, the plan becomes each
//! agent's assignments. `agents` knows who was heard; `plan` and `lease` are pure; `publish` keeps the
//! plan current and stored.

pub mod agents;
pub mod lease;
pub mod plan;
pub mod publish;

use std::time::Duration;

pub use plan::Plan;
pub use publish::Placement;

/// How long a placement that ended is known, so that a late record of a moved check is taken: a weekend without the
/// aggregator.
pub const PLACEMENTS_KEPT: Duration = Duration::from_secs(48 * 3_600);
