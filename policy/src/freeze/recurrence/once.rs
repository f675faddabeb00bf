//! A single window.

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
