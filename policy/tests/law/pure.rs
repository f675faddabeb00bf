//! A decision is a function of question, snapshot and instant: asked again it is the same, and in which order documents,
//! checks and successes were gathered has no influence on it.

use policy::{Evaluation, Snapshot, decide};
use proptest::prelude::*;

use crate::random;

/// Each document by a name of its own, as in a catalogue.
fn named(mut snapshot: Snapshot) -> Snapshot {
    for (at, rule) in snapshot.rules.iter_mut().enumerate() {
        rule.name = format!("rule-{at}");
    }
    for (at, policy) in snapshot.policies.iter_mut().enumerate() {
        policy.name = format!("policy-{at}");
    }
    snapshot
}

/// The same snapshot, gathered in another order.
fn turned(mut snapshot: Snapshot, by: usize) -> Snapshot {
    fn turn<T>(list: &mut [T], by: usize) {
        list.reverse();
        if !list.is_empty() {
            list.rotate_left(by % list.len());
        }
    }
    turn(&mut snapshot.rules, by);
    turn(&mut snapshot.policies, by);
    turn(&mut snapshot.checks, by);
    turn(&mut snapshot.succeeded, by);
    turn(&mut snapshot.classes, by);
    snapshot
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_order_of_what_was_gathered_has_no_influence(
        snapshot in random::snapshot(), ask in random::ask(), at in random::instant(), by in 0_usize..4,
    ) {
        let snapshot = named(snapshot);
        let first: Evaluation = decide(&ask, &snapshot, at);
        prop_assert_eq!(&decide(&ask, &snapshot.clone(), at), &first);
        prop_assert_eq!(decide(&ask, &turned(snapshot, by), at), first);
    }
}
