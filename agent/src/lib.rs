//! The agent: runs checks on a node and tells what they found. Modules stand in the order of the flow; `app` wires
//! them, `local` runs one check by the same path for the command line. It never depends on the aggregator.

pub mod assign;
pub mod plugin;
pub mod schedule;

pub mod run;

pub mod judge;

pub mod exposition;
pub mod spool;

pub mod report;

pub mod http;

pub mod local;

pub mod disk;
mod machine;

#[cfg(test)]
mod testing;
