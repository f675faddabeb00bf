//! The agent's talk with the aggregator. Everything that is HTTP stands in this folder.

pub mod aggregator;
