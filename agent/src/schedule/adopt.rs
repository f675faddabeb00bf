//! Which assignments to run by, when new ones came: the offered one, or the present one for as long as the offered
//! plugin is not ready. So a changed digest is swapped without a gap, and a bad plugin keeps its last good version.
//! Asked by `driver` on each change of assignments or plugins.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::frame::{Assignment, Assignments};
use api::id::{CheckId, Digest};

use crate::plugin::table::Fitness;

/// Assignments by check, as they are run.
pub type Adopted = BTreeMap<CheckId, Arc<Assignment>>;

/// The assignments to run by.
pub fn adopt(present: &Adopted, offered: &Assignments, fitness: impl Fn(&Digest) -> Fitness) -> Adopted {
    let choose = |offer: &Assignment| {
        let current = present.get(&offer.check_id);
        if let Some(current) = current.filter(|current| ***current == *offer) {
            return Some(Arc::clone(current));
        }
        let good = current.filter(|current| fitness(&current.plugin) == Fitness::Ready);
        match (fitness(&offer.plugin), good) {
            (Fitness::Ready, _) => Some(Arc::new(offer.clone())),
            // A version that works goes on; but never for another tenant or with other grants than are now due.
            (_, Some(good)) if is_same_permission(good, offer) => Some(Arc::clone(good)),
            (Fitness::Coming, _) => None,
            (Fitness::Unfit, _) => Some(Arc::new(offer.clone())),
        }
    };
    offered.checks.iter().filter_map(|offer| choose(offer).map(|chosen| (offer.check_id, chosen))).collect()
}

/// Whether the old version may still run: nothing about whose it is and what it may touch has changed.
fn is_same_permission(old: &Assignment, new: &Assignment) -> bool {
    (&old.tenant, &old.grants, &old.secrets, old.mutating) == (&new.tenant, &new.grants, &new.secrets, new.mutating)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assignment;

    fn offered(name: &str, component: &[u8]) -> Assignments {
        let offer = Assignment { plugin: Digest::of(component), ..assignment(name) };
        Assignments { etag: "x".into(), checks: vec![offer], plugins: vec![] }
    }

    fn ready_are(ready: &'static [&'static [u8]], otherwise: Fitness) -> impl Fn(&Digest) -> Fitness {
        move |digest| if ready.iter().any(|bytes| Digest::of(bytes) == *digest) { Fitness::Ready } else { otherwise }
    }

    #[test]
    fn a_new_check_waits_for_its_plugin_but_not_for_a_failed_one() {
        let offer = offered("a", b"1");
        assert!(adopt(&Adopted::new(), &offer, ready_are(&[], Fitness::Coming)).is_empty());
        assert_eq!(adopt(&Adopted::new(), &offer, ready_are(&[], Fitness::Unfit)).len(), 1);
        assert_eq!(adopt(&Adopted::new(), &offer, ready_are(&[b"1"], Fitness::Coming)).len(), 1);
    }

    #[test]
    fn the_old_version_runs_until_the_new_one_is_ready() {
        let old = adopt(&Adopted::new(), &offered("a", b"1"), ready_are(&[b"1"], Fitness::Coming));
        for state in [Fitness::Coming, Fitness::Unfit] {
            let kept = adopt(&old, &offered("a", b"2"), ready_are(&[b"1"], state));
            assert_eq!(kept, old);
        }
        let swapped = adopt(&old, &offered("a", b"2"), ready_are(&[b"1", b"2"], Fitness::Coming));
        assert!(swapped.values().all(|assignment| assignment.plugin == Digest::of(b"2")));
    }

    #[test]
    fn what_is_no_longer_assigned_or_granted_ends_at_once() {
        let old = adopt(&Adopted::new(), &offered("a", b"1"), ready_are(&[b"1"], Fitness::Coming));
        assert!(adopt(&old, &Assignments::default(), ready_are(&[b"1"], Fitness::Coming)).is_empty());
        let mut moved = offered("a", b"2");
        moved.checks[0].tenant = Some("other".parse().expect("a label"));
        assert!(adopt(&old, &moved, ready_are(&[b"1"], Fitness::Coming)).is_empty());
    }
}
