//! Shell: names to addresses. A look-up by the system cannot be cancelled, so each holds its place in a bounded pool
//! until it really ends, whoever stopped waiting for it. Nothing is cached: one check's answer is no other's.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Failure;
use crate::outcome::HostReason;

/// Look-ups at once: a resolver that answers in 5 s (its usual time-out) still gives three answers a second.
pub(crate) const RESOLVING_MAX: usize = 16;
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

/// A resolver behind its bound.
pub(crate) struct Resolving {
    resolver: Arc<dyn Resolve>,
    places: Arc<Semaphore>,
}

impl Resolving {
    pub(crate) fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, places: Arc::new(Semaphore::new(RESOLVING_MAX)) }
    }

    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        let none = |why: String| Failure::new(HostReason::DnsFailure, format!("{name}: {why}"));
        let place = Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
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
