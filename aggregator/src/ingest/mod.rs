//! Taking what agents report: a frame against the agent's own mark, placements and leases becomes batches of writes
//! (`accept`, pure). `http/frames` brings the frame and stores the batches.

pub mod accept;
mod finite;
mod merge;
pub mod metrics;

pub use metrics::Metrics;
