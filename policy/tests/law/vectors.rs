//! Windows worked out by hand, around every kind of change of the clock.

use api::manifest::freeze_rule::Effect;
use jiff::Timestamp;
use policy::OwnerTier;
use policy::freeze::interval::Interval;
use serde::Deserialize;

use crate::world;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Once {
    zone: String,
    effect: Effect,
    from: String,
    to: String,
    is: Vec<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Weekly {
    zone: String,
    effect: Effect,
    from: String,
    to: String,
    look: [Timestamp; 2],
    are: Vec<[Timestamp; 2]>,
}

fn windows(zone: &str, effect: Effect, when: &str, at: Timestamp) -> Vec<Interval> {
    let effect = serde_json::to_value(effect).expect("as the test wrote it");
    let yaml =
        format!("effect: {}\nwhen: {{timezone: {zone}, {when}}}", effect.as_str().expect("as the test wrote it"));
    let rule = world::rule(OwnerTier::Platform, "rule", &yaml);
    let places = policy::freeze::windows(&rule.spec, &world::tenant("UTC"), at);
    assert_eq!(places.len(), 1, "{zone} is known");
    places[0].windows.iter().collect()
}

#[test]
fn single_windows_end_where_the_clock_says() {
    let vectors: Vec<Once> =
        serde_saphyr::from_str(include_str!("../vectors/end_points.yaml")).expect("as the test wrote it");
    assert!(vectors.len() > 30);
    for vector in vectors {
        let Once { zone, effect, from, to, is } = vector;
        let when = format!("once: [{{from: {from}, to: {to}}}]");
        let found = windows(&zone, effect, &when, world::at("2026-01-01T00:00:00Z"));
        let expected: Vec<Interval> = is.chunks(2).map(|pair| Interval { from: pair[0], to: pair[1] }).collect();
        assert_eq!(found, expected, "{zone} {effect:?} {from} to {to}");
    }
}

#[test]
fn weekly_windows_follow_civil_days() {
    let vectors: Vec<Weekly> =
        serde_saphyr::from_str(include_str!("../vectors/weekly.yaml")).expect("as the test wrote it");
    assert!(vectors.len() > 5);
    for vector in vectors {
        let Weekly { zone, effect, from, to, look, are } = vector;
        let when = format!("weekly: [{{from: \"{from}\", to: \"{to}\"}}]");
        let look = Interval { from: look[0], to: look[1] };
        let mut found = windows(&zone, effect, &when, look.from);
        found.retain(|window| look.contains(window.from));
        let expected: Vec<Interval> = are.into_iter().map(|[from, to]| Interval { from, to }).collect();
        assert_eq!(found, expected, "{zone} {effect:?} {from} to {to}");
    }
}
