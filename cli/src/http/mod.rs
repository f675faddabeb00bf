//! The one HTTP client of the command: typed calls to the aggregator.

pub(crate) mod aggregator;
