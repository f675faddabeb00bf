//! What this node has to run: from the aggregator, or standalone from a folder. Published to the other stages as
//! `Assignments`; they never ask where it came from.

pub mod poll;

pub mod dir;
pub mod keep;
