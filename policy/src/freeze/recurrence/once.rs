//! A window that comes once: two civil instants of the rule's zone. Called by `recurrence`; how they meet a change of
//! the clock is `zone`'s matter.

use api::manifest::freeze_rule::{Effect, OnceWindow};
use jiff::tz::TimeZone;

use crate::freeze::interval::Interval;
use crate::freeze::zone;

/// The window as instants; a crossed one is none.
pub(super) fn instants(window: &OnceWindow, zone: &TimeZone, effect: Effect) -> Option<Interval> {
    if window.from >= window.to {
        return None;
    }
    zone::instants(window.from, window.to, zone, effect)
}
