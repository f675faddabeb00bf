//! What is true now: which agents are heard, and how each check stands. Read by placement, by readers' routes and by
//! the gate's snapshot. It stores nothing and decides nothing.

pub mod agents;
pub mod checks;
pub mod metrics;
pub mod runs;
pub mod stale;

pub use metrics::Metrics;
