//! What a run leaves behind as it goes, each bounded: lines of its author, steps, exchanges with its targets. Held by
//! `state`, filled by the capability of each, taken by `settle` whichever way the run ended. Pure: `state` has the clock.

pub(crate) mod exchanges;
pub(crate) mod lines;
pub(crate) mod steps;
