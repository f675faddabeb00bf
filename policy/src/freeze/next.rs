//! When it opens and when it closes: over the closed instants alone. Called by `decide`.

use std::time::Duration;

use api::limits::EXPECTED_DURATION_MAX;
use jiff::Timestamp;

use super::interval::{Interval, Set};

/// How far an answer looks ahead: a year's season, the next one's beginning, and a month.
pub const HORIZON: Duration = Duration::from_hours(400 * 24);

/// What is looked at for a question at this instant: the horizon, and room for a release that begins at its very end.
pub(crate) fn span(at: Timestamp) -> Interval {
    Interval { from: at, to: at.checked_add(HORIZON + EXPECTED_DURATION_MAX).unwrap_or(Timestamp::MAX) }
}

/// The earliest instant from `at` within the horizon that leaves `room` before it closes.
pub fn allowed(closed: &Set, at: Timestamp, room: Duration) -> Option<Timestamp> {
    let horizon = at.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
    let gaps = closed.outside(span(at));
    gaps.iter()
        .find(|gap| gap.from.checked_add(room).is_ok_and(|end| end <= gap.to))
        .map(|gap| gap.from)
        .filter(|from| *from <= horizon)
}

/// When it closes next, within the horizon; none when it is closed.
pub fn close(closed: &Set, at: Timestamp) -> Option<Timestamp> {
    let horizon = at.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
    match closed.at(at) {
        Some(_) => None,
        None => closed.after(at).map(|next| next.from).filter(|from| *from <= horizon),
    }
}
