//! Random law: rules and policies with few values each, so that they meet often.

use api::manifest::freeze_rule::{self, Action, Effect, Except, Match, Mode, WeekMoment, WeeklyWindow, When};
use api::manifest::release_policy::{self, Class, RequiredCheck, Requirements};
use policy::{Ask, Owned, OwnerTier, Released, Snapshot, Succeeded};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::world;

/// Few classes meet more often than many.
const CLASSES: [Class; 4] = [Class::Feature, Class::Schema, Class::SecurityHotfix, Class::Emergency];

pub(crate) fn class() -> impl Strategy<Value = Class> {
    select(CLASSES.to_vec())
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    select(Action::ALL.to_vec())
}

/// An instant of the two weeks around a change of the clock in Berlin.
pub(crate) fn instant() -> impl Strategy<Value = jiff::Timestamp> {
    let from = world::at("2026-10-19T00:00:00Z").as_second();
    (0_i64..14 * 1_440)
        .prop_map(move |minute| jiff::Timestamp::from_second(from + minute * 60).expect("as the test wrote it"))
}

pub(crate) fn rules(most: usize) -> impl Strategy<Value = Vec<Owned<freeze_rule::Spec>>> {
    prop::collection::vec(rule(), 0..=most)
}

prop_compose! {
    pub(crate) fn rule()(
        platform in any::<bool>(),
        deny in any::<bool>(),
        window in (0_u16..7 * 1_440, 0_u16..7 * 1_440),
        zone in select(vec!["tenant-local", "location-local", "Asia/Kolkata"]),
        classes in subsequence(CLASSES.to_vec(), 0..=2),
        excepted in subsequence(CLASSES.to_vec(), 0..=1),
        actions in prop_oneof![2 => Just(vec![]), 1 => subsequence(Action::ALL.to_vec(), 1..=3)],
        emea_only in prop::bool::weighted(0.2),
        shadow in prop::bool::weighted(0.1),
    ) -> Owned<freeze_rule::Spec> {
        let region = |name: &str| freeze_rule::LocationMatch { region: Some(name.to_owned()), ..Default::default() };
        let spec = freeze_rule::Spec {
            owner: "retail-operations".to_owned(),
            reference: None,
            effect: if deny { Effect::Deny } else { Effect::Allow },
            matches: Match { classes, actions, locations: emea_only.then(|| region("emea")).into_iter().collect(), ..Match::default() },
            except: Except { classes: excepted, ..Except::default() },
            when: When {
                timezone: zone.to_owned(),
                once: vec![],
                weekly: vec![WeeklyWindow { from: moment(window.0), to: moment(window.1) }],
            },
            message: None,
            mode: if shadow { Mode::Shadow } else { Mode::Enforce },
        };
        let tier = if platform { OwnerTier::Platform } else { OwnerTier::Tenant };
        Owned { tier, name: "rule".to_owned(), version: "1".to_owned(), spec }
    }
}

prop_compose! {
    pub(crate) fn policy()(
        classes in subsequence(CLASSES.to_vec(), 0..=2),
        least in 0_u32..3,
        none in any::<bool>(),
        shadow in prop::bool::weighted(0.1),
    ) -> Owned<release_policy::Spec> {
        let check = RequiredCheck { labels: [].into(), at_least: least, share: 95, match_subject: false };
        let spec = release_policy::Spec {
            matches: release_policy::Match { classes, ..Default::default() },
            mode: if shadow { Mode::Shadow } else { Mode::Enforce },
            requirements: if none { Requirements::None } else { Requirements::Checks(vec![check]) },
        };
        Owned { tier: OwnerTier::Platform, name: "policy".to_owned(), version: "1".to_owned(), spec }
    }
}

prop_compose! {
    /// A tenant with two places, some law, and a credential that names some classes.
    pub(crate) fn snapshot()(
        rules in rules(4),
        policies in prop::collection::vec(policy(), 1..4),
        named in subsequence(CLASSES.to_vec(), 0..=2),
        fixed in prop::option::of(class()),
        checks in 0_usize..3,
        succeeded in any::<bool>(),
    ) -> Snapshot {
        let mut snapshot = world::open();
        snapshot.tenant.locations =
            vec![world::place("de", "emea", "Europe/Berlin"), world::place("us", "amer", "America/New_York")];
        snapshot.rules = rules;
        snapshot.policies.extend(policies);
        snapshot.policies.rotate_left(1);
        snapshot.classes = named;
        snapshot.release = fixed.map(|class| Released { class, subject: world::digest("new") });
        let passing = || world::node("node-1", api::http::check::CheckState::Passing);
        snapshot.checks = (0..checks).map(|index| world::check(&format!("check-{index}"), vec![passing()])).collect();
        let ended = Succeeded { subject: world::digest("new"), at: world::at("2026-10-10T00:00:00Z") };
        snapshot.succeeded = if succeeded { vec![ended] } else { vec![] };
        snapshot
    }
}

prop_compose! {
    pub(crate) fn ask()(
        class in prop::option::of(class()),
        action in action(),
        location in prop::option::of(select(vec!["de", "us"])),
        room_s in prop_oneof![Just(0_u64), 0_u64..20_000],
    ) -> Ask {
        let location = location.map(|name| name.parse().expect("as the test wrote it"));
        Ask { class, action, location, expected_duration: std::time::Duration::from_secs(room_s), ..world::ask() }
    }
}

fn moment(minute: u16) -> WeekMoment {
    use freeze_rule::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let weekday = [Mon, Tue, Wed, Thu, Fri, Sat, Sun][usize::from(minute / 1_440)];
    WeekMoment { weekday, minute: minute % 1_440 }
}
