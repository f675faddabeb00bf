//! What the spool counts.

use api::frame::DroppedKind;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

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
        let bytes =
            IntGauge::new("floorwalker_spool_bytes", "Bytes that wait to be reported or are kept beside them.")?;
        let dropped =
            Opts::new("floorwalker_spool_dropped_total", "Records that will never be reported, by what they hold.");
        let dropped = IntCounterVec::new(dropped, &["kind"])?;
        for kind in [DroppedKind::RollUp, DroppedKind::Any] {
            dropped.with_label_values(&[word(kind)]);
        }
        registry.register(Box::new(bytes.clone()))?;
        registry.register(Box::new(dropped.clone()))?;
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
