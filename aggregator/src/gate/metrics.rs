//! The gate's metrics: decisions by value and code, and how long they took. Set by the gate, and by `release/start` for
//! its second look; scraped from the admin listener.

use std::time::Duration;

use api::http::decision::Decision;
use prometheus::{
    Histogram, HistogramOpts, IntCounterVec, Registry, register_histogram_with_registry,
    register_int_counter_vec_with_registry,
};

/// Counters of decisions.
#[derive(Clone, Debug)]
pub struct Metrics {
    decisions: IntCounterVec,
    seconds: Histogram,
}

impl Metrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// A name is taken already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let decisions = register_int_counter_vec_with_registry!(
            "floorwalker_decisions_total",
            "Decisions by value and code, starts included.",
            &["decision", "code"],
            registry
        )?;
        // From a snapshot in memory (a millisecond) to a busy disk (a second).
        let buckets = vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
        let opts = HistogramOpts::new("floorwalker_decision_seconds", "Time from question to stored answer.");
        let seconds = register_histogram_with_registry!(opts.buckets(buckets), registry)?;
        Ok(Self { decisions, seconds })
    }

    /// A decision was made.
    pub(super) fn decided(&self, decision: Decision, code: &str, took: Duration) {
        self.decisions.with_label_values(&[decision.as_str(), code]).inc();
        self.seconds.observe(took.as_secs_f64());
    }
}
