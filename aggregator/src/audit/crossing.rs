//! Which reads across tenants are noted in the platform's trail: the first of each minute by the same principal for
//! the same reason, of all tenants or of the same one, so that a dashboard that polls does not fill it. Asked by the
//! routes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use api::id::TenantName;

use crate::authz::PlatformScope;

/// The same reader for the same reason and tenant within this time is one entry.
const SAME_MS: i64 = 60_000;
/// Readers remembered: platform administrators are few; beyond this each read is noted.
const READERS_MAX: usize = 1_024;

/// Who reads why, and of whom; none is all of them.
type Crossing = (String, &'static str, Option<TenantName>);

/// What was noted when.
#[derive(Debug, Default)]
pub struct Crossings {
    noted: Mutex<BTreeMap<Crossing, i64>>,
}

impl Crossings {
    /// Whether a read of a tenant, or of all, at `now_ms` is to be noted; if so it counts as noted.
    pub fn take(&self, scope: &PlatformScope, tenant: Option<&TenantName>, now_ms: i64) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(|_, at_ms| now_ms.abs_diff(*at_ms) < SAME_MS.unsigned_abs());
        let key = (scope.actor().to_owned(), scope.reason(), tenant.cloned());
        if noted.contains_key(&key) {
            return false;
        }
        if noted.len() < READERS_MAX {
            noted.insert(key, now_ms);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_a_minute_for_each_reader_reason_and_tenant() {
        let crossings = Crossings::default();
        let (nodes, checks) = (PlatformScope::system("nodes"), PlatformScope::system("checks"));
        let acme: TenantName = "acme".parse().expect("a label");
        assert!(crossings.take(&nodes, None, 0));
        assert!(!crossings.take(&nodes, None, 59_999));
        assert!(crossings.take(&nodes, Some(&acme), 59_999));
        assert!(!crossings.take(&nodes, Some(&acme), 59_999));
        assert!(crossings.take(&checks, None, 59_999));
        assert!(crossings.take(&nodes, None, 60_000));
    }
}
