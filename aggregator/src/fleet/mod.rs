//! What is true now: how each check stands, and the fleet's figures. Read by readers' routes and by the gate's
//! snapshot. It stores nothing and decides nothing; who was heard is `placement`'s.

pub mod checks;
pub mod metrics;
pub mod runs;
pub mod stale;

pub use metrics::Metrics;
