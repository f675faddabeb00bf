//! What the plugin stage counts.

use prometheus::{IntCounterVec, Registry, register_int_counter_vec_with_registry};

/// Metrics of the plugin stage.
#[derive(Clone, Debug)]
pub struct Metrics {
    cache: IntCounterVec,
}

/// What the cache of compiled plugins gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheResult {
    /// A plugin.
    Hit,
    /// Nothing.
    Miss,
    /// A file that does not load: another build, or damage.
    Rejected,
}

// === impl Metrics ===

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// A name is taken.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let cache = register_int_counter_vec_with_registry!(
            "floorwalker_compile_cache_total",
            "Plugins looked for among the compiled ones, by result.",
            &["result"],
            registry
        )?;
        for result in [CacheResult::Hit, CacheResult::Miss, CacheResult::Rejected] {
            cache.with_label_values(&[result.word()]);
        }
        Ok(Self { cache })
    }

    pub(super) fn cache(&self, result: CacheResult) {
        self.cache.with_label_values(&[result.word()]).inc();
    }
}

// === impl CacheResult ===

impl CacheResult {
    fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Rejected => "rejected",
        }
    }
}
