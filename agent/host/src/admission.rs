//! Who may run now: slots of the node and bytes of its memory, and of both no more than half for one tenant, so that
//! nobody's burst keeps the others out. Held by `engine`, asked by `run` before each run; it plans nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in wasm pages.
const PAGE_BYTES: u64 = 64 << 10;

/// The node's slots and bytes.
pub(crate) struct Slots {
    node: Share,
    /// What each tenant with a run, or waiting for one, has of them.
    tenants: Mutex<HashMap<String, Arc<Share>>>,
}

struct Share {
    slots: Arc<Semaphore>,
    pages: Arc<Semaphore>,
    slots_max: usize,
    pages_max: u32,
}

/// What one run holds while it runs.
pub(crate) struct Admission {
    _permits: [OwnedSemaphorePermit; 4],
    _tenant: Arc<Share>,
}

// === impl Slots ===

impl Slots {
    pub(crate) fn new(slots: u32, memory_bytes: u64) -> Self {
        let pages = u32::try_from(memory_bytes / PAGE_BYTES).unwrap_or(u32::MAX);
        Self { node: Share::new(slots as usize, pages), tenants: Mutex::default() }
    }

    /// Waits for a slot and for the run's bytes. Fair within a tenant and between them: first come, first served.
    pub(crate) async fn admit(&self, tenant: &str, memory_bytes: u64) -> Admission {
        let wanted = u32::try_from(memory_bytes.div_ceil(PAGE_BYTES)).unwrap_or(u32::MAX);
        let share = self.share(tenant);
        // The tenant's own bound first: whoever waits for it holds nothing of the node's.
        let [slot, pages] = share.take(wanted).await;
        let [node_slot, node_pages] = self.node.take(wanted).await;
        Admission { _permits: [slot, pages, node_slot, node_pages], _tenant: share }
    }

    fn share(&self, tenant: &str) -> Arc<Share> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        // Those with neither a run nor a wait are forgotten, so the map has at most one entry per run asked for.
        tenants.retain(|_, share| Arc::strong_count(share) > 1);
        let half = || Arc::new(Share::new((self.node.slots_max / 2).max(1), (self.node.pages_max / 2).max(1)));
        Arc::clone(tenants.entry(tenant.to_owned()).or_insert_with(half))
    }
}

impl Share {
    fn new(slots_max: usize, pages_max: u32) -> Self {
        let slots = Arc::new(Semaphore::new(slots_max));
        let pages = Arc::new(Semaphore::new(pages_max as usize));
        Self { slots, pages, slots_max, pages_max }
    }

    /// A run that wants more than there is gets all there is, and so runs alone.
    async fn take(&self, pages: u32) -> [OwnedSemaphorePermit; 2] {
        let never_closed = "the semaphore is never closed";
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect(never_closed);
        let wanted = pages.min(self.pages_max);
        let pages = Arc::clone(&self.pages).acquire_many_owned(wanted).await.expect(never_closed);
        [slot, pages]
    }
}

#[cfg(test)]
mod tests {
    use api::limits::RunLimits;
    use futures_util::FutureExt as _;

    use super::*;
    use crate::engine::{Config, RUNS, run_bytes};

    #[test]
    fn a_tenant_has_at_most_half() {
        let slots = Slots::new(4, 64 * PAGE_BYTES);
        let admitted = |tenant: &str, bytes| slots.admit(tenant, bytes).now_or_never();
        let first = admitted("acme", PAGE_BYTES).expect("a slot");
        let _second = admitted("acme", PAGE_BYTES).expect("a slot");
        assert!(admitted("acme", PAGE_BYTES).is_none(), "half of four slots");
        let _other = admitted("other", 32 * PAGE_BYTES).expect("another tenant's slot and half the bytes");
        assert!(admitted("other", PAGE_BYTES).is_none(), "half of the bytes");
        drop(first);
        assert!(admitted("acme", PAGE_BYTES).is_some());
        assert_eq!(slots.tenants.lock().expect("no panic").len(), 2);
    }

    #[test]
    fn tenants_at_their_ceilings_take_what_the_agent_has_for_runs_and_no_more() {
        let (slots, whole) = (Slots::new(Config::AGENT.slots, Config::AGENT.memory_bytes), Config::AGENT.memory_bytes);
        let dearest = run_bytes(&RunLimits::CEILING);
        let mut admitted = vec![];
        for tenant in ["acme", "other", "third"] {
            admitted.extend(std::iter::from_fn(|| slots.admit(tenant, dearest).now_or_never()));
        }
        let taken = admitted.len() as u64 * dearest;
        assert!(
            taken <= whole && whole - taken < dearest,
            "{} runs, {} of {} MiB",
            admitted.len(),
            taken >> 20,
            whole >> 20
        );
    }

    #[test]
    fn a_tenant_alone_has_all_usual_places_at_the_usual_limits() {
        let slots = Slots::new(Config::AGENT.slots, Config::AGENT.memory_bytes);
        let usual = run_bytes(&RunLimits::DEFAULT);
        let admitted: Vec<_> = std::iter::from_fn(|| slots.admit("acme", usual).now_or_never()).collect();
        assert_eq!(admitted.len(), RUNS as usize);
    }

    #[test]
    fn a_run_over_all_bytes_runs_alone() {
        let slots = Slots::new(1, PAGE_BYTES);
        let alone = slots.admit("acme", 1 << 40).now_or_never().expect("it runs");
        assert!(slots.admit("other", 1).now_or_never().is_none());
        drop(alone);
        assert!(slots.admit("other", 1).now_or_never().is_some());
    }
}
