//! A window of every week. Weekdays are civil days of the rule's zone.

use api::manifest::freeze_rule::{Effect, WeekMoment, WeeklyWindow};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};

use crate::freeze::interval::Interval;
use crate::freeze::zone;

/// Weeks looked at before and after the span: a window is at most one week long and a zone at most 26 hours off.
const MARGIN_WEEKS: i64 = 2;

/// The window in every week that can reach into `span`.
pub(super) fn instants<'a>(
    window: &'a WeeklyWindow,
    zone: &'a TimeZone,
    effect: Effect,
    span: Interval,
) -> impl Iterator<Item = Interval> + 'a {
    let (from, to) = (window.from.of_week(), window.to.of_week());
    let to = if to <= from { to + WeekMoment::OF_WEEK_MAX } else { to };
    mondays(zone, span).filter_map(move |monday| {
        let (from, to) = (after_midnight(monday, from)?, after_midnight(monday, to)?);
        zone::instants(from, to, zone, effect)
    })
}

fn mondays(zone: &TimeZone, span: Interval) -> impl Iterator<Item = Date> + use<> {
    let day = |at| zone.to_datetime(at).date();
    let first = day(span.from);
    let back = i64::from(first.weekday().to_monday_zero_offset()) + 7 * MARGIN_WEEKS;
    let start = first.saturating_sub(back.days());
    let end = day(span.to).saturating_add((7 * MARGIN_WEEKS).days());
    start.series(1.week()).take_while(move |monday| *monday <= end)
}

/// Civil minutes: how many a day really has is the zone's business.
fn after_midnight(monday: Date, minutes: i32) -> Option<DateTime> {
    monday.at(0, 0, 0, 0).checked_add(SignedDuration::from_mins(minutes.into())).ok()
}
