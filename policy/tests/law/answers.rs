//! What an answer says, in the words and instants people will read.

use std::time::Duration;

use api::http::check::CheckState;
use api::http::decision::Decision;
use policy::{Ask, Broken, Evaluation, OwnerTier, Snapshot, decide};

use crate::world::{self, at};

const MONDAY: &str = "2026-06-01T10:00:00Z";

fn required(checks: Vec<policy::CheckNow>) -> Snapshot {
    let mut snapshot = world::open();
    let yaml = "requirements: {checks: [{labels: {journey: order-to-cash}}]}";
    snapshot.policies = vec![world::policy("prod", yaml)];
    snapshot.checks = checks;
    snapshot
}

fn now(snapshot: &Snapshot) -> Evaluation {
    decide(&world::ask(), snapshot, at(MONDAY))
}

#[test]
fn a_freeze_says_until_when_in_the_tenants_zone() {
    let mut snapshot = world::open();
    let yaml = "reference: CHG-4711\neffect: deny\nmessage: Peak trading.\n\
                when: {timezone: tenant-local, once: [{from: 2026-05-01T00:00, to: 2026-07-01T00:00}]}";
    snapshot.rules.push(world::rule(OwnerTier::Platform, "peak", yaml));
    let answer = now(&snapshot);
    assert_eq!((answer.decision, answer.code), (Decision::Wait, "FROZEN"));
    assert_eq!(answer.reason, "prod is frozen by `peak` until 2026-07-01T00:00:00+02:00: Peak trading.");
    assert_eq!(answer.reasons[0].remedy, "wait until it ends, or ask retail-operations (CHG-4711)");
    assert_eq!(answer.next_allowed_at, Some(at("2026-06-30T22:00:00Z")));
    assert_eq!(answer.next_close_at, None);
    assert_eq!(answer.retry_after, Some(Duration::from_secs(300)));
}

#[test]
fn an_open_window_may_be_too_short() {
    let mut snapshot = world::open();
    let yaml = "effect: allow\nwhen: {timezone: Europe/Berlin, weekly: [{from: mon 08:00, to: mon 14:00}]}";
    snapshot.rules.push(world::rule(OwnerTier::Tenant, "acme-prod/mornings", yaml));
    let long = Ask { expected_duration: Duration::from_hours(4), ..world::ask() };
    let answer = decide(&long, &snapshot, at(MONDAY));
    assert_eq!((answer.decision, answer.code), (Decision::Wait, "WINDOW_TOO_SHORT"));
    assert_eq!(answer.next_allowed_at, Some(at("2026-06-08T06:00:00Z")));
    assert_eq!(answer.next_close_at, Some(at("2026-06-01T12:00:00Z")));

    let answer = decide(&world::ask(), &snapshot, at("2026-06-01T12:00:00Z"));
    assert_eq!(answer.code, "OUTSIDE_WINDOW");
    assert_eq!(answer.next_allowed_at, Some(at("2026-06-08T06:00:00Z")));
    assert_eq!(answer.reasons[0].rule.as_ref().map(|rule| rule.name.as_str()), Some("acme-prod/mornings"));

    let endless = Ask { expected_duration: Duration::from_hours(7), ..world::ask() };
    let answer = decide(&endless, &snapshot, at(MONDAY));
    assert_eq!(answer.next_allowed_at, None);
    assert!(answer.reason.ends_with("; the time rules leave no room of 25200 s within 400 days"), "{}", answer.reason);
}

#[test]
fn places_close_each_in_its_own_zone() {
    let mut snapshot = world::open();
    snapshot.tenant.locations =
        vec![world::place("de", "emea", "Europe/Berlin"), world::place("us", "amer", "America/New_York")];
    let yaml = "effect: deny\nwhen: {timezone: location-local, once: [{from: 2026-06-01T08:00, to: 2026-06-01T18:00}]}";
    snapshot.rules.push(world::rule(OwnerTier::Platform, "daytime", yaml));
    let of = |location: Option<&str>, instant: &str| {
        let location = location.map(|name| name.parse().expect("as the test wrote it"));
        decide(&Ask { location, ..world::ask() }, &snapshot, at(instant))
    };
    assert_eq!(of(Some("de"), "2026-06-01T10:00:00Z").code, "FROZEN");
    assert_eq!(of(Some("us"), "2026-06-01T10:00:00Z").code, "ALLOWED");
    assert_eq!(of(None, "2026-06-01T10:00:00Z").code, "FROZEN");
    assert_eq!(of(None, "2026-06-01T20:00:00Z").code, "FROZEN");
    assert_eq!(of(None, "2026-06-01T10:00:00Z").next_allowed_at, Some(at("2026-06-01T22:00:00Z")));
}

#[test]
fn a_failing_journey_is_named_with_step_and_node() {
    let snapshot = required(vec![world::check("order-journey", vec![world::node("node-1", CheckState::Failing)])]);
    let answer = now(&snapshot);
    assert_eq!((answer.decision, answer.code), (Decision::Wait, "CHECK_FAILING"));
    assert_eq!(
        answer.reason,
        "business check acme-prod/order-journey fails at step `confirm` on node-1: the order stayed a quotation"
    );
    assert_eq!(answer.requirements[0].state, CheckState::Failing);
    assert_eq!(answer.next_allowed_at, None, "the time rules are open");
}

#[test]
fn every_state_has_its_code_and_missing_is_never_satisfied() {
    let one = |state| now(&required(vec![world::check("order-journey", vec![world::node("node-1", state)])])).code;
    assert_eq!(one(CheckState::Passing), "ALLOWED");
    assert_eq!(one(CheckState::Stale), "CHECK_STALE");
    assert_eq!(one(CheckState::Missing), "CHECK_MISSING");
    assert_eq!(one(CheckState::Unknown), "CHECK_UNKNOWN");
    assert_eq!(now(&required(vec![world::check("order-journey", vec![])])).code, "CHECK_MISSING");
    let answer = now(&required(vec![]));
    assert_eq!(answer.code, "CHECK_MISSING");
    assert_eq!(answer.requirements[0].name, "{journey=order-to-cash}");
}

#[test]
fn a_refused_check_is_missing_however_well_the_others_are() {
    let passing = || world::check("order-journey", vec![world::node("node-1", CheckState::Passing)]);
    let refused = policy::CheckNow {
        refused_at: Some("shop.yaml:9: spec.config.urrl".to_owned()),
        ..world::check("cart-journey", vec![])
    };
    assert_eq!(now(&required(vec![passing()])).code, "ALLOWED");
    let answer = now(&required(vec![passing(), refused]));
    assert_eq!((answer.decision, answer.code), (Decision::Wait, "CHECK_MISSING"));
    assert_eq!(answer.reason, "business check acme-prod/cart-journey is refused at shop.yaml:9: spec.config.urrl");
}

#[test]
fn a_share_of_the_intended_nodes_must_pass() {
    let nodes = |bad: usize| {
        let state = |index| if index < bad { CheckState::Stale } else { CheckState::Passing };
        (0..20).map(|index| world::node(&format!("node-{index}"), state(index))).collect()
    };
    assert_eq!(now(&required(vec![world::check("order-journey", nodes(1))])).code, "ALLOWED");
    let answer = now(&required(vec![world::check("order-journey", nodes(2))]));
    assert_eq!(answer.code, "CHECK_STALE");
    assert!(answer.reason.ends_with("(18 of 20 nodes pass, 95 % must)"), "{}", answer.reason);
}

#[test]
fn several_policies_are_united_and_the_strictest_value_wins() {
    let node = |name, state| world::node(name, state);
    let half = vec![node("node-1", CheckState::Failing), node("node-2", CheckState::Passing)];
    let mut snapshot = required(vec![world::check("order-journey", half)]);
    let lenient = "requirements: {checks: [{labels: {journey: order-to-cash}, share: 50}]}";
    snapshot.policies = vec![world::policy("lenient", lenient)];
    assert_eq!(now(&snapshot).code, "ALLOWED");
    let strict = "requirements: {checks: [{labels: {journey: order-to-cash}, share: 100}]}";
    snapshot.policies.push(world::policy("strict", strict));
    let answer = now(&snapshot);
    assert_eq!(answer.code, "CHECK_FAILING");
    assert_eq!(answer.requirements.len(), 1);
    assert_eq!(answer.requirements[0].state, CheckState::Failing);
}

#[test]
fn evidence_must_name_the_releases_digest() {
    let seeing = |node| {
        let mut snapshot = required(vec![world::check("image", vec![node])]);
        let yaml = "requirements: {checks: [{labels: {journey: order-to-cash}, matchSubject: true}]}";
        snapshot.policies = vec![world::policy("image", yaml)];
        snapshot
    };
    let passing = || world::node("node-1", CheckState::Passing);
    assert_eq!(now(&seeing(world::saw(passing(), "new"))).code, "ALLOWED");
    let answer = now(&seeing(world::saw(passing(), "other")));
    assert_eq!((answer.decision, answer.code), (Decision::Deny, "DIGEST_MISMATCH"));
    assert_eq!(now(&seeing(passing())).code, "EVIDENCE_MISSING");
    let without = Ask { subject: None, ..world::ask() };
    assert_eq!(decide(&without, &seeing(world::saw(passing(), "new")), at(MONDAY)).code, "EVIDENCE_MISSING");
    let failing = world::saw(world::node("node-1", CheckState::Failing), "other");
    assert_eq!(now(&seeing(failing)).code, "CHECK_FAILING");
}

#[test]
fn a_deny_comes_first_whatever_else_holds() {
    let mut snapshot = required(vec![]);
    snapshot.release =
        Some(policy::Released { class: api::manifest::release_policy::Class::Feature, subject: world::digest("old") });
    let answer = now(&snapshot);
    assert_eq!((answer.decision, answer.code), (Decision::Deny, "DIGEST_MISMATCH"));
    assert_eq!(answer.reasons.len(), 2);
    assert_eq!(answer.retry_after, None);
}

#[test]
fn no_policy_and_broken_law_are_never_an_allow() {
    let mut snapshot = world::open();
    snapshot.broken.push(Broken { name: "acme-prod/peak".to_owned() });
    let answer = now(&snapshot);
    assert_eq!((answer.decision, answer.code), (Decision::Wait, "INDETERMINATE"));
    assert_eq!(answer.reasons[0].rule.as_ref().map(|rule| rule.name.as_str()), Some("acme-prod/peak"));
    let mut snapshot = world::open();
    snapshot.policies[0].spec.matches.classes = vec![api::manifest::release_policy::Class::Schema];
    let answer = now(&snapshot);
    assert_eq!(answer.reason, "no release policy is about `feature` of shop in prod");
    assert_eq!((answer.decision, answer.code), (Decision::Wait, "INDETERMINATE"));
}

#[test]
fn shadow_changes_nothing_and_is_shown() {
    let mut snapshot = required(vec![]);
    snapshot.policies[0].spec.mode = api::manifest::freeze_rule::Mode::Shadow;
    snapshot.policies.push(world::policy("needs-nothing", "requirements: none"));
    let yaml = "effect: deny\nmode: shadow\nwhen: {timezone: UTC, weekly: [{from: mon 00:00, to: sun 24:00}]}";
    snapshot.rules.push(world::rule(OwnerTier::Platform, "trial", yaml));
    let answer = now(&snapshot);
    assert_eq!(answer.decision, Decision::Allow);
    assert!(answer.reasons.is_empty() && answer.requirements.is_empty());
    let codes: Vec<_> = answer.shadow.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["FROZEN", "CHECK_MISSING"]);
}

#[test]
fn an_allow_holds_until_the_first_thing_that_ends_it() {
    let mut snapshot = required(vec![world::check("order-journey", vec![world::node("node-1", CheckState::Passing)])]);
    assert_eq!(now(&snapshot).valid_until, Some(at("2026-06-01T10:02:30Z")), "the check goes stale");
    snapshot.checks[0].nodes[0].fresh_until = Some(at("2026-06-01T12:00:00Z"));
    assert_eq!(now(&snapshot).valid_until, Some(at("2026-06-01T10:05:00Z")), "a ticket ends");
    let yaml = "effect: deny\nwhen: {timezone: UTC, once: [{from: 2026-06-01T10:04, to: 2026-06-02T00:00}]}";
    snapshot.rules.push(world::rule(OwnerTier::Platform, "peak", yaml));
    assert_eq!(now(&snapshot).valid_until, Some(at("2026-06-01T10:04:00Z")), "it closes");
    assert_eq!(now(&snapshot).next_close_at, Some(at("2026-06-01T10:04:00Z")));
}

#[test]
fn the_version_is_that_of_what_matched() {
    let mut snapshot = world::open();
    let first = now(&snapshot).policy_version;
    let yaml = "effect: deny\nmatch: {environments: [staging]}\nwhen: {timezone: UTC, weekly: [{from: mon 00:00, to: tue 00:00}]}";
    snapshot.rules.push(world::rule(OwnerTier::Platform, "elsewhere", yaml));
    assert_eq!(now(&snapshot).policy_version, first);
    snapshot.policies[0].version = "2".to_owned();
    assert_ne!(now(&snapshot).policy_version, first);
}
