//! The audit trail's entries and their hash chain. Written by the aggregator in the transaction of each change; anyone
//! with the bytes can recompute it.

mod chain;
mod entry;

pub use chain::{ChainHash, next};
pub use entry::Entry;
