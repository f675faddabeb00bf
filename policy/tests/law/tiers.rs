//! Semantic 2: closed is the union over the tiers, and no rule of a lower tier opens what a higher one closed.

use api::manifest::freeze_rule::Effect;
use jiff::Timestamp;
use policy::{Ask, Code, OwnerTier, Snapshot, decide};
use proptest::prelude::*;

use crate::{random, world};

fn is_closed(ask: &Ask, snapshot: &Snapshot, at: Timestamp) -> bool {
    decide(ask, snapshot, at).reasons.iter().any(|reason| matches!(reason.code, Code::Frozen | Code::OutsideWindow))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn adding_a_deny_never_opens(
        mut snapshot in random::snapshot(), ask in random::ask(), mut rule in random::rule(), at in random::instant(),
    ) {
        let before = is_closed(&ask, &snapshot, at);
        rule.spec.effect = Effect::Deny;
        snapshot.rules.push(rule);
        prop_assert!(!before || is_closed(&ask, &snapshot, at));
    }

    #[test]
    fn a_second_allow_of_the_same_tier_never_closes(
        mut snapshot in random::snapshot(), mut ask in random::ask(), mut first in random::rule(), mut rule in random::rule(), at in random::instant(),
    ) {
        // Both match whatever is asked: an allow for other classes or places is a first one there.
        ask.action = api::manifest::freeze_rule::Action::Deploy;
        for allow in [&mut first, &mut rule] {
            allow.spec.effect = Effect::Allow;
            allow.spec.matches = Default::default();
            allow.spec.except = Default::default();
        }
        first.spec.mode = Default::default();
        first.tier = rule.tier;
        snapshot.rules.push(first);
        let before = is_closed(&ask, &snapshot, at);
        snapshot.rules.push(rule);
        prop_assert!(before || !is_closed(&ask, &snapshot, at));
    }

    #[test]
    fn a_lower_tier_never_opens_what_a_higher_one_closed(
        mut snapshot in random::snapshot(), ask in random::ask(), others in random::rules(4), at in random::instant(),
    ) {
        snapshot.rules.retain(|rule| rule.tier == OwnerTier::Platform);
        let before = is_closed(&ask, &snapshot, at);
        snapshot.rules.extend(others.into_iter().map(|mut rule| { rule.tier = OwnerTier::Tenant; rule }));
        prop_assert!(!before || is_closed(&ask, &snapshot, at));
    }

    /// The next opening is open, leaves the room asked for, and no earlier minute does.
    #[test]
    fn the_next_opening_is_the_first(snapshot in random::snapshot(), ask in random::ask(), at in random::instant()) {
        let held = |at| decide(&ask, &snapshot, at).reasons.iter().any(|reason| reason.code.is_of_time());
        if let Some(opens) = decide(&ask, &snapshot, at).next_allowed_at {
            prop_assert!(at < opens);
            prop_assert!(!held(opens));
            let minutes = opens.duration_since(at).as_mins();
            let step = (minutes / 16).max(1);
            let mut minute = 0;
            while minute < minutes {
                let earlier = at + jiff::SignedDuration::from_mins(minute);
                prop_assert!(held(earlier), "open at {earlier}, before {opens}");
                minute += step;
            }
        }
    }

    /// Until the next closing it stays open, and there it closes.
    #[test]
    fn the_next_closing_closes(snapshot in random::snapshot(), mut ask in random::ask(), at in random::instant()) {
        ask.expected_duration = std::time::Duration::ZERO;
        if let Some(closes) = decide(&ask, &snapshot, at).next_close_at {
            prop_assert!(!is_closed(&ask, &snapshot, at));
            prop_assert!(!is_closed(&ask, &snapshot, closes - jiff::SignedDuration::from_secs(1)));
            prop_assert!(is_closed(&ask, &snapshot, closes));
        }
    }
}

#[test]
fn a_tenant_cannot_open_what_the_platform_froze() {
    let mut snapshot = world::open();
    let frozen = "effect: deny\nwhen: {timezone: tenant-local, weekly: [{from: mon 00:00, to: sun 24:00}]}";
    let always = "effect: allow\nwhen: {timezone: tenant-local, weekly: [{from: mon 00:00, to: sun 24:00}]}";
    snapshot.rules.push(world::rule(OwnerTier::Platform, "peak", frozen));
    snapshot.rules.push(world::rule(OwnerTier::Tenant, "acme-prod/we-are-special", always));
    let answer = decide(&world::ask(), &snapshot, world::at("2026-06-01T10:00:00Z"));
    assert_eq!(answer.code, "FROZEN");
    assert_eq!(answer.next_allowed_at, None);
    assert!(answer.reason.contains("do not open within 400 days"), "{}", answer.reason);
}
