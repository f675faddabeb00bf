//! The windows of a rule in one zone, as instants: a file per way of writing them. Called by `freeze`.

mod once;
mod weekly;

use api::manifest::freeze_rule::{Effect, When};
use jiff::tz::TimeZone;

use super::interval::{Interval, Set};

/// The union of the windows of `when`. Recurring ones are complete within `span`; single ones are whole wherever they
/// lie.
pub(super) fn windows(when: &When, zone: &TimeZone, effect: Effect, span: Interval) -> Set {
    let single = when.once.iter().filter_map(|window| once::instants(window, zone, effect));
    let every_week = when.weekly.iter().flat_map(|window| weekly::instants(window, zone, effect, span));
    Set::of(single.chain(every_week))
}
