//! Shell: names to addresses. A look-up by the system cannot be cancelled, so each holds its place in a bounded pool
//! until it really ends, whoever stopped waiting for it; half of the pool is the most one tenant's stalled names can
//! hold. Nothing is cached: one check's answer is no other's.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Failure;
use crate::outcome::HostReason;

/// Look-ups at once: a resolver that answers in 5 s (its usual time-out) still gives three answers a second.
pub(crate) const RESOLVING_MAX: usize = 16;
/// Look-ups at once for one tenant: as of slots and bytes, half. As many as one `fetch-many` asks at once.
const RESOLVING_TENANT_MAX: usize = RESOLVING_MAX / 2;
/// Addresses of one name that are looked at; large services publish eight.
const ADDRESSES_MAX: usize = 16;

/// How names become addresses.
pub trait Resolve: Send + Sync {
    /// All addresses of a name. May block: it is called on a thread for that.
    ///
    /// # Errors
    /// When the name has none, or nobody can say.
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver, with its hosts file and search domains.
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// A resolver behind its bounds.
pub(crate) struct Resolving {
    resolver: Arc<dyn Resolve>,
    places: Arc<Semaphore>,
    /// The share of each tenant that has a look-up, or waits for one.
    tenants: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The right to one look-up: the tenant's, and the node's.
pub(crate) struct Place {
    _permits: [OwnedSemaphorePermit; 2],
}

impl Resolving {
    pub(crate) fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, places: Arc::new(Semaphore::new(RESOLVING_MAX)), tenants: Mutex::default() }
    }

    /// Waits for a place. That it takes long is never the fault of the name that is asked for.
    pub(crate) async fn place(&self, tenant: &str) -> Place {
        let never_closed = "the semaphore is never closed";
        // The tenant's own bound first: whoever waits for it holds nothing of the node's.
        let own = self.share(tenant).acquire_owned().await.expect(never_closed);
        let nodes = Arc::clone(&self.places).acquire_owned().await.expect(never_closed);
        Place { _permits: [own, nodes] }
    }

    fn share(&self, tenant: &str) -> Arc<Semaphore> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        // Those with neither a look-up nor a wait are forgotten: a permit holds its semaphore.
        tenants.retain(|_, share| Arc::strong_count(share) > 1);
        let share = tenants.entry(tenant.to_owned());
        Arc::clone(share.or_insert_with(|| Arc::new(Semaphore::new(RESOLVING_TENANT_MAX))))
    }

    /// The addresses of a name; the place is given back once the look-up has ended.
    pub(crate) async fn addresses(&self, place: Place, name: &str) -> Result<Vec<IpAddr>, Failure> {
        let none = |why: String| Failure::new(HostReason::DnsFailure, format!("{name}: {why}"));
        let (resolver, asked) = (Arc::clone(&self.resolver), name.to_owned());
        #[expect(clippy::disallowed_methods, reason = "the host may not know `process`; the pool is bounded above")]
        let looked_up = tokio::task::spawn_blocking(move || {
            let found = resolver.resolve(&asked);
            drop(place);
            found
        });
        let found = looked_up.await.map_err(|error| none(error.to_string()))?;
        let mut found = found.map_err(|error| none(error.to_string()))?;
        found.dedup();
        found.truncate(ADDRESSES_MAX);
        if found.is_empty() {
            return Err(none("it has no address".to_owned()));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn a_tenants_stalled_names_leave_places_for_others() {
        let resolving = Resolving::new(Arc::new(SystemResolver));
        let place = |tenant: &str| resolving.place(tenant).now_or_never();
        let mut stalled: Vec<_> =
            (0..RESOLVING_TENANT_MAX).map(|_| place("acme").expect("a place of its share")).collect();
        assert!(place("acme").is_none(), "its share is taken");
        let other = place("other").expect("another tenant is not kept waiting");
        stalled.pop();
        assert!(place("acme").is_some());
        drop((other, stalled));
        assert!(place("third").is_some());
        assert_eq!(resolving.tenants.lock().expect("no panic").len(), 1, "who asks nothing is forgotten");
    }
}
