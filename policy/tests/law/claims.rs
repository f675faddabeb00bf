//! What the caller says of itself is a claim: changing only class or action never turns wait or deny into allow, but
//! for a true rollback, a class the credential names, and an action the rule's author left out.

use api::http::decision::Decision;
use api::manifest::freeze_rule::{self, Action, Effect};
use api::manifest::release_policy::Class;
use policy::{Ask, Owned, OwnerTier, Released, Snapshot, Succeeded, decide};
use proptest::prelude::*;

use crate::world::at;
use crate::{random, world};

fn allows(ask: &Ask, snapshot: &Snapshot, at: jiff::Timestamp) -> bool {
    decide(ask, snapshot, at).decision == Decision::Allow
}

/// Whether a rule's author told both actions apart in a way that can open: a deny that leaves the other one out, or an
/// allow that is about only one of them. A rule that lists no action leaves out rollback.
fn told_apart(rule: &Owned<freeze_rule::Spec>, one: Action, other: Action) -> bool {
    let listed = &rule.spec.matches.actions;
    let about = |action| if listed.is_empty() { action != Action::Rollback } else { listed.contains(&action) };
    match rule.spec.effect {
        Effect::Deny => about(one) && !about(other),
        Effect::Allow => about(one) != about(other),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn another_class_helps_only_if_the_credential_names_it(
        snapshot in random::snapshot(), ask in random::ask(), other in prop::option::of(random::class()), at in random::instant(),
    ) {
        let changed = Ask { class: other, ..ask.clone() };
        let counts = changed.class.or(snapshot.release.as_ref().map(|release| release.class));
        let named = counts.is_some_and(|class| snapshot.classes.contains(&class));
        if !allows(&ask, &snapshot, at) && allows(&changed, &snapshot, at) {
            prop_assert!(named, "{:?} became {other:?}", ask.class);
        }
    }

    #[test]
    fn another_action_helps_only_if_an_author_left_it_out_or_it_is_a_true_rollback(
        snapshot in random::snapshot(), ask in random::ask(), other in random::action(), at in random::instant(),
    ) {
        let changed = Ask { action: other, ..ask.clone() };
        let (before, after) = (decide(&ask, &snapshot, at), decide(&changed, &snapshot, at));
        if before.decision != Decision::Allow && after.decision == Decision::Allow {
            let left_out = snapshot.rules.iter().any(|rule| told_apart(rule, before.action, after.action));
            prop_assert!(after.action == Action::Rollback || left_out, "{:?} became {other:?}", ask.action);
        }
        prop_assert!(after.action != Action::Rollback || !snapshot.succeeded.is_empty());
    }

    /// A credential that names more classes only ever counts for the class it claims.
    #[test]
    fn the_class_fixed_with_the_release_always_counts(
        mut snapshot in random::snapshot(), ask in random::ask(), fixed in random::class(), at in random::instant(),
    ) {
        snapshot.release = None;
        let without = allows(&ask, &snapshot, at);
        snapshot.release = Some(Released { class: fixed, subject: world::digest("new") });
        if ask.class.is_some() {
            prop_assert!(without || !allows(&ask, &snapshot, at), "fixing {fixed:?} opened {:?}", ask.class);
        }
    }
}

/// Windows that list rollback by name hold it, and those that list nothing are not about it: neither opens it.
#[test]
fn an_allow_that_lists_no_action_opens_nothing_for_a_rollback() {
    let mut snapshot = world::open();
    snapshot.succeeded = vec![Succeeded { subject: world::digest("new"), at: at("2026-05-22T10:00:00Z") }];
    let allow = |name: &str, rest: &str| world::rule(OwnerTier::Tenant, name, &format!("effect: allow\n{rest}"));
    let now = "when: {timezone: tenant-local, once: [{from: 2026-06-01T00:00, to: 2026-06-02T00:00}]}";
    let past = "when: {timezone: tenant-local, once: [{from: 2026-05-01T00:00, to: 2026-05-02T00:00}]}";
    snapshot.rules.push(allow("day", now));
    snapshot.rules.push(allow("night", &format!("match: {{actions: [migrate, rollback]}}\n{past}")));
    let as_a = |action| decide(&Ask { action, ..world::ask() }, &snapshot, at("2026-06-01T10:00:00Z"));
    let back = as_a(Action::Rollback);
    assert_eq!((back.action, back.code), (Action::Rollback, "OUTSIDE_WINDOW"));
    assert_eq!(as_a(Action::Migrate).decision, Decision::Allow);
}

fn frozen_but_for_hotfixes() -> Snapshot {
    let mut snapshot = world::open();
    let yaml = "effect: deny\nexcept: {classes: [security-hotfix]}\n\
                when: {timezone: tenant-local, once: [{from: 2026-05-01T00:00, to: 2026-07-01T00:00}]}";
    snapshot.rules.push(world::rule(OwnerTier::Platform, "peak", yaml));
    snapshot
}

#[test]
fn an_excepted_class_needs_a_credential_that_names_it() {
    let mut snapshot = frozen_but_for_hotfixes();
    let hotfix = Ask { class: Some(Class::SecurityHotfix), ..world::ask() };
    assert!(allows(&hotfix, &snapshot, at("2026-06-01T10:00:00Z")));
    snapshot.classes = vec![Class::Feature];
    let answer = decide(&hotfix, &snapshot, at("2026-06-01T10:00:00Z"));
    assert_eq!(answer.code, "FROZEN");
    assert!(answer.reason.contains("the credential does not name class `security-hotfix`"), "{}", answer.reason);
}

#[test]
fn a_release_created_as_a_feature_is_no_hotfix_later() {
    let mut snapshot = frozen_but_for_hotfixes();
    snapshot.release = Some(Released { class: Class::Feature, subject: world::digest("new") });
    let hotfix = Ask { class: Some(Class::SecurityHotfix), ..world::ask() };
    assert_eq!(decide(&hotfix, &snapshot, at("2026-06-01T10:00:00Z")).code, "FROZEN");
}

#[test]
fn a_rollback_goes_to_what_succeeded_here_within_thirty_days() {
    let mut snapshot = frozen_but_for_hotfixes();
    snapshot.policies.clear();
    snapshot.broken = vec![policy::Broken { name: "peak".to_owned() }];
    let back = Ask { action: Action::Rollback, subject: Some(world::digest("old")), ..world::ask() };
    let now = at("2026-06-20T10:00:00Z");
    let answer = decide(&back, &snapshot, now);
    assert_eq!((answer.action, answer.code), (Action::Deploy, "FROZEN"));
    assert!(answer.reason.contains("judged as a deploy"), "{}", answer.reason);

    snapshot.succeeded = vec![Succeeded { subject: world::digest("old"), at: at("2026-05-22T10:00:00Z") }];
    let answer = decide(&back, &snapshot, now);
    assert_eq!((answer.action, answer.decision), (Action::Rollback, Decision::Allow));
    assert_eq!(decide(&back, &snapshot, at("2026-06-21T10:00:01Z")).action, Action::Deploy);

    snapshot.rules[0].spec.matches.actions = vec![Action::Rollback];
    assert_eq!(decide(&back, &snapshot, now).code, "FROZEN");
}
