//! Shell: gets leases for mutating checks and remembers those that still cover a run. Called by `run` before a run and
//! before clean-up; what a lease covers is decided in `cover`.

mod cover;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::id::CheckId;
use process::clock::SharedClock;
use process::supervise::chain;

use crate::http::aggregator::{Aggregator, CallError};
use cover::Lease;

pub use cover::Work;

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

    /// Whether the lease that is held still covers the work: asked again where something was waited for since.
    ///
    /// # Errors
    /// Too little is left of it; the work must not begin.
    pub fn still_covers(&self, check: CheckId, work: Work) -> Result<(), NoLease> {
        let covers = self.held(check).is_some_and(|lease| lease.covers(work, self.clock.boot_ms()));
        if covers { Ok(()) } else { Err(NoLease::Short) }
    }

    fn held(&self, check: CheckId) -> Option<Lease> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get(&check).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use api::frame::LeaseAnswer;
    use api::limits::lease_ttl;
    use process::clock::{Clock as _, ManualClock};

    use super::*;
    use crate::testing::assignment;

    const TIMEOUT: Duration = Duration::from_secs(20);

    #[test]
    fn a_run_that_waited_for_the_node_begins_only_while_its_lease_covers_it() {
        let clock = ManualClock::new(0, Duration::from_secs(100));
        let leases = Leases::new(None, Arc::new(clock.clone()));
        let check = assignment("checkout").check_id;
        assert!(leases.still_covers(check, Work::CleanUp).is_err(), "there is none");
        let ttl_ms = u64::try_from(lease_ttl(TIMEOUT).as_millis()).expect("a minute");
        let granted = LeaseAnswer::Granted { token: 7, ttl_ms };
        let lease = Lease::from_answer(&granted, clock.boot_ms()).expect("granted");
        leases.held.lock().expect("no panic").insert(check, lease);
        clock.advance(Duration::from_secs(29));
        assert!(leases.still_covers(check, Work::Run(TIMEOUT)).is_ok(), "31 s are left");
        clock.advance(Duration::from_millis(1));
        assert!(matches!(leases.still_covers(check, Work::Run(TIMEOUT)), Err(NoLease::Short)));
        assert!(leases.still_covers(check, Work::CleanUp).is_ok());
        clock.advance(Duration::from_secs(21));
        assert!(matches!(leases.still_covers(check, Work::CleanUp), Err(NoLease::Short)));
    }
}
