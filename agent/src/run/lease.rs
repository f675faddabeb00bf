//! Shell: gets leases for mutating checks and remembers those that still cover a run. Called by `run` before a run and
//! before clean-up; what a lease covers is decided in `schedule/lease`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::id::CheckId;
use process::clock::SharedClock;
use process::supervise::chain;

use crate::http::aggregator::{Aggregator, CallError};
use crate::schedule::lease::{Lease, Work};

/// The leases of this agent. Cheap to clone.
#[derive(Clone)]
pub struct Leases {
    aggregator: Option<Aggregator>,
    clock: SharedClock,
    held: Arc<Mutex<HashMap<CheckId, Lease>>>,
}

/// Why a mutating check does not run now.
#[derive(Debug, thiserror::Error)]
pub enum NoLease {
    /// Another agent runs it.
    #[error("another agent holds the lease")]
    Held,
    /// What was granted is too short for the work.
    #[error("too little is left of the lease")]
    Short,
    /// Nobody to ask.
    #[error("a mutating check needs an aggregator to lease it from")]
    Standalone,
    /// No answer.
    #[error("no lease: {}", chain(.0))]
    Call(#[from] CallError),
}

// === impl Leases ===

impl Leases {
    /// Leases from an aggregator; without one, none.
    pub fn new(aggregator: Option<Aggregator>, clock: SharedClock) -> Self {
        Self { aggregator, clock, held: Arc::default() }
    }

    /// The token of a lease that covers the work, asked for when none does.
    ///
    /// # Errors
    /// There is none; the check must not run.
    pub async fn token(&self, check: CheckId, work: Work) -> Result<u64, NoLease> {
        if let Some(lease) = self.held(check).filter(|lease| lease.covers(work, self.clock.boot_ms())) {
            return Ok(lease.token);
        }
        let aggregator = self.aggregator.as_ref().ok_or(NoLease::Standalone)?;
        let asked_boot_ms = self.clock.boot_ms();
        let answer = aggregator.lease(check).await?;
        let lease = Lease::from_answer(&answer, asked_boot_ms).ok_or(NoLease::Held)?;
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(check, lease);
        if lease.covers(work, self.clock.boot_ms()) { Ok(lease.token) } else { Err(NoLease::Short) }
    }

    fn held(&self, check: CheckId) -> Option<Lease> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get(&check).copied()
    }
}
