//! What reporting is measured by.

use prometheus::{Gauge, Registry, register_gauge_with_registry};

/// Metrics of reporting.
#[derive(Clone, Debug)]
pub struct Metrics {
    last_ack: Gauge,
}

// === impl Metrics ===

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// A name is taken.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let last_ack = register_gauge_with_registry!(
            "floorwalker_report_last_ack_timestamp_seconds",
            "When the aggregator last acknowledged records; 0 before the first time.",
            registry
        )?;
        Ok(Self { last_ack })
    }

    pub(super) fn acknowledged(&self, at_wall_ms: i64) {
        // Milliseconds of this century are far below 2^53.
        self.last_ack.set(at_wall_ms as f64 / 1_000.0);
    }
}
