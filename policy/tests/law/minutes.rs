//! A second implementation of the windows, minute by minute over three years and twelve zones: it reads the clock of
//! each minute and knows nothing of offsets, folds or gaps.

use api::manifest::freeze_rule::Effect;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use policy::OwnerTier;
use policy::freeze::interval::{Interval, Set};
use policy::freeze::zone;
use proptest::prelude::*;

use crate::world;

/// Beside a plain one, every kind of trouble: half an hour, midnight, Ramadan, a lost day, odd offsets.
const ZONES: [(&str, i16); 12] = [
    ("UTC", 2026),
    ("Europe/Berlin", 2026),
    ("America/New_York", 2026),
    ("Australia/Lord_Howe", 2026),
    ("America/Sao_Paulo", 2017),
    ("Pacific/Apia", 2010),
    ("Africa/Casablanca", 2026),
    ("Asia/Kolkata", 2026),
    ("Asia/Kathmandu", 2026),
    ("America/Havana", 2026),
    ("Africa/Cairo", 2026),
    ("Pacific/Chatham", 2026),
];
const YEARS: i16 = 3;
const MINUTES_OF_WEEK: i64 = 7 * 24 * 60;
/// How far from its nominal place a window's minutes are looked for: Apia jumped by a day.
const MARGIN: i64 = 2 * 24 * 60;

/// What the wall clock reads in each minute, both as minutes since 1970.
struct Clock {
    first: i64,
    readings: Vec<i64>,
}

impl Clock {
    fn of(zone: &TimeZone, first_year: i16) -> Self {
        let minute = |year: i16| civil_minute(DateTime::constant(year, 1, 1, 0, 0, 0, 0));
        let (first, last) = (minute(first_year), minute(first_year + YEARS));
        let reading = |minute: i64| {
            civil_minute(zone.to_datetime(Timestamp::from_second(minute * 60).expect("as the test wrote it")))
        };
        Self { first, readings: (first..last).map(reading).collect() }
    }

    /// The minutes near a civil window, with what the clock reads in them.
    fn near(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> + Clone + '_ {
        let clamp = |minute: i64| (minute - self.first).clamp(0, self.readings.len() as i64);
        let (low, high) = (clamp(from - MARGIN), clamp(to + MARGIN));
        (low..high).map(|index| (self.first + index, self.readings[index as usize]))
    }

    /// The hull of the minutes that read inside; if none does, the window's length from where the clock jumped over it.
    fn deny(&self, from: i64, to: i64) -> Option<(i64, i64)> {
        let mut inside =
            self.near(from, to).filter(|(_, reading)| (from..to).contains(reading)).map(|(minute, _)| minute);
        match inside.next() {
            Some(first) => Some((first, inside.last().unwrap_or(first) + 1)),
            None => {
                let jump = self.near(from, to).find(|(_, reading)| *reading >= to)?.0;
                Some((jump, jump + to - from))
            }
        }
    }

    /// From the last minute that reads `from` to the first that reads `to`; a reading that never comes is the first
    /// minute that reads later.
    fn allow(&self, from: i64, to: i64) -> Option<(i64, i64)> {
        let near = self.near(from, to);
        let reads = |wanted: i64| near.clone().filter(move |(_, reading)| *reading == wanted).map(|(minute, _)| minute);
        let passes = |wanted: i64| near.clone().find(|(_, reading)| *reading > wanted).map(|(minute, _)| minute);
        let start = reads(from).last().or_else(|| passes(from))?;
        let end = reads(to).next().or_else(|| passes(to))?;
        (start < end).then_some((start, end))
    }
}

fn civil_minute(at: DateTime) -> i64 {
    at.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_mins()
}

fn interval((from, to): (i64, i64)) -> Interval {
    let instant = |minute: i64| Timestamp::from_second(minute * 60).expect("as the test wrote it");
    Interval { from: instant(from), to: instant(to) }
}

fn moment(minute: i64) -> String {
    let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][(minute / 1_440) as usize];
    format!("{day} {:02}:{:02}", minute % 1_440 / 60, minute % 60)
}

fn rule(zone: &str, effect: Effect, when: &str) -> api::manifest::freeze_rule::Spec {
    let word = if effect == Effect::Deny { "deny" } else { "allow" };
    world::rule(OwnerTier::Platform, "rule", &format!("effect: {word}\nwhen: {{timezone: {zone}, {when}}}")).spec
}

/// Both sets within `[from, to)`: what reaches out of the years looked at is cut alike.
fn within(set: &Set, span: Interval) -> Set {
    Set::of(set.iter().map(|it| Interval { from: it.from.max(span.from), to: it.to.min(span.to) }))
}

#[test]
fn weekly_windows_agree_with_the_clock_on_the_wall() {
    // Nights, weekends, an hour around each of the hours at which clocks are changed, and nearly a whole week.
    let windows: [(i64, i64); 7] = [
        (8_640 + 120, 8_640 + 180),
        (8_640 + 90, 8_640 + 150),
        (6_600, 360),
        (0, 30),
        (8_640 - 60, 8_640 + 20),
        (5_760, 8_640),
        (20, 10),
    ];
    for (name, first_year) in ZONES {
        let zone = zone::find(name).expect("as the test wrote it");
        let clock = Clock::of(&zone, first_year);
        for (from, to) in windows {
            for effect in [Effect::Deny, Effect::Allow] {
                weekly_agrees(name, &clock, from, to, effect);
            }
        }
    }
}

fn weekly_agrees(name: &str, clock: &Clock, from: i64, to: i64, effect: Effect) {
    let length = if to <= from { to - from + MINUTES_OF_WEEK } else { to - from };
    // 1970-01-01 was a Thursday: the Monday before lies three days earlier.
    let monday = (clock.first + 3 * 1_440).div_euclid(MINUTES_OF_WEEK) * MINUTES_OF_WEEK - 3 * 1_440;
    let weeks = clock.readings.len() as i64 / MINUTES_OF_WEEK;
    let starts = (0..weeks).map(|week| monday + week * MINUTES_OF_WEEK + from);
    let brute = starts.filter_map(|start| match effect {
        Effect::Deny => clock.deny(start, start + length),
        Effect::Allow => clock.allow(start, start + length),
    });
    let brute = Set::of(brute.map(interval));
    let spec = rule(name, effect, &format!("weekly: [{{from: \"{}\", to: \"{}\"}}]", moment(from), moment(to)));
    for year in 0..YEARS {
        let start = clock.first + i64::from(year) * 365 * 1_440 + 14 * 1_440;
        let span = interval((start, start + 330 * 1_440));
        let found = policy::freeze::windows(&spec, &world::tenant("UTC"), span.from);
        assert_eq!(
            within(&found[0].windows, span),
            within(&brute, span),
            "{name} {effect:?} {} to {}",
            moment(from),
            moment(to)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Single windows with random ends, half of them within hours of a change of the clock.
    #[test]
    fn single_windows_agree_with_the_clock_on_the_wall(
        zone_index in 0..ZONES.len(), near_change in any::<bool>(), pick in 0_i64..1_000_000,
        shift in -300_i64..300, length in prop_oneof![1_i64..240, 1_i64..4_320], deny in any::<bool>(),
    ) {
        let (name, first_year) = ZONES[zone_index];
        let zone = zone::find(name).expect("as the test wrote it");
        let year_start = DateTime::constant(first_year, 1, 10, 0, 0, 0, 0);
        let span_minutes = i64::from(YEARS) * 365 * 1_440 - 20 * 1_440;
        let mut from = civil_minute(year_start) + pick % span_minutes;
        if near_change {
            let after = Timestamp::from_second(from * 60).expect("as the test wrote it");
            if let Some(change) = zone.following(after).next() {
                from = civil_minute(zone.to_datetime(change.timestamp())) + shift;
            }
        }
        let effect = if deny { Effect::Deny } else { Effect::Allow };
        let clock = local_clock(&zone, from, from + length);
        let brute = if deny { clock.deny(from, from + length) } else { clock.allow(from, from + length) };
        let civil = |minute: i64| DateTime::constant(1970, 1, 1, 0, 0, 0, 0).saturating_add(SignedDuration::from_mins(minute));
        let text = |minute: i64| civil(minute).strftime("%Y-%m-%dT%H:%M").to_string();
        let spec = rule(name, effect, &format!("once: [{{from: {}, to: {}}}]", text(from), text(from + length)));
        let found = policy::freeze::windows(&spec, &world::tenant("UTC"), world::at("2026-01-01T00:00:00Z"));
        prop_assert_eq!(&found[0].windows, &Set::of(brute.map(interval)), "{} {:?} {} + {}", name, effect, text(from), length);
    }
}

/// A clock of the days around a window.
fn local_clock(zone: &TimeZone, from: i64, to: i64) -> Clock {
    let first = from - MARGIN - 1_440;
    let reading = |minute: i64| {
        civil_minute(zone.to_datetime(Timestamp::from_second(minute * 60).expect("as the test wrote it")))
    };
    Clock { first, readings: (first..to + MARGIN + 1_440).map(reading).collect() }
}
