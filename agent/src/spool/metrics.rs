//! What the spool counts.

use api::frame::DroppedKind;
use prometheus::{
    IntCounterVec, IntGauge, Registry, register_int_counter_vec_with_registry, register_int_gauge_with_registry,
};

/// Metrics of the spool.
#[derive(Clone, Debug)]
pub struct Metrics {
    bytes: IntGauge,
    dropped: IntCounterVec,
}

// === impl Metrics ===

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// A name is taken.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let bytes = register_int_gauge_with_registry!(
            "floorwalker_spool_bytes",
            "Bytes that wait to be reported or are kept beside them.",
            registry
        )?;
        let dropped = register_int_counter_vec_with_registry!(
            "floorwalker_spool_dropped_total",
            "Records that will never be reported, by what they hold.",
            &["kind"],
            registry
        )?;
        for kind in [DroppedKind::RollUp, DroppedKind::Any] {
            dropped.with_label_values(&[word(kind)]);
        }
        Ok(Self { bytes, dropped })
    }

    /// Bytes on disk now.
    pub fn held(&self, bytes: u64) {
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Records were dropped.
    pub fn dropped(&self, kind: DroppedKind, records: u64) {
        self.dropped.with_label_values(&[word(kind)]).inc_by(records);
    }
}

fn word(kind: DroppedKind) -> &'static str {
    match kind {
        DroppedKind::RollUp => "roll-up",
        DroppedKind::Any => "any",
    }
}
