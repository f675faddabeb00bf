//! What the schedule is measured by.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, IntCounter, Registry, register_histogram_with_registry,
    register_int_counter_with_registry,
};

/// From a millisecond, which an idle node needs, to a run that its interval overtakes.
const LAG_BUCKETS_S: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// Metrics of the schedule.
#[derive(Clone, Debug)]
pub struct Metrics {
    lag: Histogram,
    missed: IntCounter,
    over_budget: IntCounter,
}

// === impl Metrics ===

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// A name is taken.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let lag = HistogramOpts::new("floorwalker_schedule_lag_seconds", "From when a run was due to when it began.");
        let lag = register_histogram_with_registry!(lag.buckets(LAG_BUCKETS_S.to_vec()), registry)?;
        let missed = register_int_counter_with_registry!(
            "floorwalker_missed_ticks_total",
            "Ticks that were not run: the run before had not ended, or the node slept.",
            registry
        )?;
        let over_budget = register_int_counter_with_registry!(
            "floorwalker_cpu_budget_exceeded_total",
            "Times that a tenant had used its share of the node's CPU and its runs began to wait.",
            registry
        )?;
        Ok(Self { lag, missed, over_budget })
    }

    pub(super) fn began(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    pub(super) fn over_budget(&self) {
        self.over_budget.inc();
    }

    pub(super) fn missed(&self, ticks: u64) {
        self.missed.inc_by(ticks);
    }
}
