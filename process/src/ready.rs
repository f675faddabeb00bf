//! Readiness: a process is ready when every named latch has been dropped by whoever became ready.
//!
//! The composition root takes the latches, the stages drop them, `http/admin` reads the rest.
//! It knows nothing of draining: the admin router adds that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The set of what is still to come.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    pending: Arc<Mutex<Pending>>,
}

/// One thing that must happen before the process is ready; dropping it says that it did.
#[derive(Debug)]
pub struct Latch {
    id: u64,
    pending: Arc<Mutex<Pending>>,
}

#[derive(Debug, Default)]
struct Pending {
    next_id: u64,
    names: BTreeMap<u64, String>,
}

// === impl Readiness ===

impl Readiness {
    /// No latch: ready until the first one is taken.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a latch; several may carry the same name.
    #[must_use = "a latch that is dropped at once says ready at once"]
    pub fn latch(&self, name: impl Into<String>) -> Latch {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let id = pending.next_id;
        pending.next_id += 1;
        pending.names.insert(id, name.into());
        Latch { id, pending: Arc::clone(&self.pending) }
    }

    /// Names still held, in the order they were taken.
    #[must_use]
    pub fn pending(&self) -> Vec<String> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.names.values().cloned().collect()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).names.is_empty()
    }
}

// === impl Latch ===

impl Latch {
    /// Says ready in words; the same as dropping it.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).names.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_when_all_latches_are_dropped() {
        let readiness = Readiness::new();
        let store = readiness.latch("store");
        let catalogue = readiness.latch("catalogue");
        assert!(!readiness.is_ready());
        assert_eq!(readiness.pending(), ["store", "catalogue"]);
        store.release();
        assert_eq!(readiness.pending(), ["catalogue"]);
        drop(catalogue);
        assert!(readiness.is_ready());
    }

    #[test]
    fn a_latch_taken_again_withdraws_readiness() {
        let readiness = Readiness::new();
        readiness.latch("once").release();
        let again = readiness.latch("again");
        assert!(!readiness.is_ready());
        drop(again);
        assert!(readiness.is_ready());
    }
}
