//! What ingest counts: records by what became of them.

use prometheus::{IntCounterVec, Registry, register_int_counter_vec_with_registry};

/// Counters of ingest.
#[derive(Clone, Debug)]
pub struct Metrics {
    records: IntCounterVec,
}

impl Metrics {
    /// Registers the counters.
    ///
    /// # Errors
    /// A name is taken already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Records of agents by what became of them.";
        let name = "floorwalker_ingest_records_total";
        let records = register_int_counter_vec_with_registry!(name, help, &["outcome"], registry)?;
        let metrics = Self { records };
        // A counter that is there from the start has a rate from its first increase.
        for outcome in ["accepted", "repeated", "dropped", "foreign", "fenced", "too-large"] {
            metrics.count(outcome, 0);
        }
        Ok(metrics)
    }

    /// Counts records: `accepted`, `repeated`, `dropped`, or the word of a rejection.
    pub fn count(&self, outcome: &str, records: u64) {
        self.records.with_label_values(&[outcome]).inc_by(records);
    }
}
