//! Which node runs which check: the catalogue's checks and the live agents become a plan, the plan becomes each
//! agent's assignments. `plan` and `lease` are pure; `publish` keeps the plan current and stored.

pub mod lease;
pub mod plan;
pub mod publish;

pub use plan::Plan;
pub use publish::Placement;
