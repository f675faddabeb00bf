//! From civil time to instants, per end point through the time zone database, restrictive wins: a deny covers the convex
//! hull of the instants whose local reading lies in the window, an allow shrinks. Used by `recurrence` and for rendering.
//! It never shifts by an offset of today.

use api::manifest::freeze_rule::Effect;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use super::interval::Interval;

/// The zone of this IANA name in the built-in database.
pub fn find(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// RFC 3339 with the zone's offset at that instant.
pub fn render(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The instants of the civil window `[from, to)`; none when an allow never opens.
pub(super) fn instants(from: DateTime, to: DateTime, zone: &TimeZone, effect: Effect) -> Option<Interval> {
    let start = resolve(from, zone);
    let end = resolve(to, zone);
    let interval = match effect {
        Effect::Deny => Interval { from: start.earlier(), to: end.end_of_hull(zone) },
        Effect::Allow => Interval { from: start.later(), to: end.earlier() },
    };
    if interval.from < interval.to {
        return Some(interval);
    }
    // From here on the window is skipped by the clock, or an allow whose ends crossed at a fold.
    match effect {
        Effect::Allow => None,
        Effect::Deny => Some(Interval { from: interval.from, to: clamped_add(interval.from, to.duration_since(from)) }),
    }
}

/// A civil reading as instants.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// Exactly one, or for a reading inside a gap the transition.
    One(Timestamp),
    /// Read twice: before and after the clock was set back to `after`.
    Twice { first: Timestamp, second: Timestamp, after: Offset },
}

fn resolve(civil: DateTime, zone: &TimeZone) -> Reading {
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => Reading::One(instant(civil, offset)),
        AmbiguousOffset::Fold { before, after } => {
            Reading::Twice { first: instant(civil, before), second: instant(civil, after), after }
        }
        AmbiguousOffset::Gap { before, after } => {
            Reading::One(transition(zone, after, instant(civil, after), instant(civil, before)))
        }
    }
}

impl Reading {
    fn earlier(self) -> Timestamp {
        match self {
            Self::One(at) | Self::Twice { first: at, .. } => at,
        }
    }

    fn later(self) -> Timestamp {
        match self {
            Self::One(at) | Self::Twice { second: at, .. } => at,
        }
    }

    /// The second time ends the hull only when readings before it came twice, that is when it lies strictly after the
    /// fold's first reading. At the first reading the clock has just been set back: the instant before it had the
    /// offset of before.
    fn end_of_hull(self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::One(at) => at,
            Self::Twice { first, second, after } => {
                let just_before = clamped_add(second, SignedDuration::from_nanos(-1));
                if zone.to_offset(just_before) == after { second } else { first }
            }
        }
    }
}

/// The instant at which the clock was set forward to `after`; it lies in `(earliest, latest]`.
fn transition(zone: &TimeZone, after: Offset, earliest: Timestamp, latest: Timestamp) -> Timestamp {
    let just_before = clamped_add(earliest, SignedDuration::from_nanos(-1));
    let set_forward = zone.following(just_before).take_while(|change| change.timestamp() <= latest);
    set_forward.filter(|change| change.offset() == after).map(|change| change.timestamp()).next().unwrap_or(latest)
}

/// Years 1 and 9999 lie a few hours outside what instants can say; the nearest instant stands for them.
fn instant(civil: DateTime, offset: Offset) -> Timestamp {
    let end = if civil.year() > 1970 { Timestamp::MAX } else { Timestamp::MIN };
    offset.to_timestamp(civil).unwrap_or(end)
}

fn clamped_add(at: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add(by).unwrap_or(end)
}
