//! The verdict of a check on one node, pure: what the law and readers then see of all nodes rests on it. Used by `checks`.

use std::time::Duration;

use api::http::check::CheckState;
use api::limits::stale_after;
use api::result::Status;

use crate::store::check::Last;

/// How far ahead of our clock a run may be: clocks that are set by the network differ by less. Beyond it one of the two
/// is wrong, and nobody knows how old the run is.
const AHEAD_MS_MAX: i64 = 60_000;

/// How a check is run, as far as its verdict needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Its interval.
    pub interval: Duration,
    /// Its timeout.
    pub timeout: Duration,
}

/// One node's verdict, the first that holds: no run yet is missing; too old, or of the future, is stale; the prober's
/// own trouble is unknown; a failing target or an open problem is failing; else it passes (a warning passes).
pub fn node_state(last: Option<&Last>, rhythm: Rhythm, now_ms: i64) -> CheckState {
    let Some(run) = last.and_then(|last| last.run.as_ref()) else {
        return CheckState::Missing;
    };
    let age_ms = now_ms.saturating_sub(run.at_ms);
    let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
    if age_ms < -AHEAD_MS_MAX || age > stale_after(rhythm.interval, rhythm.timeout) {
        return CheckState::Stale;
    }
    match run.status {
        Status::Error | Status::Timeout | Status::Skipped => CheckState::Unknown,
        Status::Fail => CheckState::Failing,
        Status::Pass | Status::Warn if last.is_some_and(|last| last.problem) => CheckState::Failing,
        Status::Pass | Status::Warn => CheckState::Passing,
    }
}

/// Share of the intended nodes that pass, in percent; of none it is 0.
pub fn share(states: &[CheckState]) -> f64 {
    if states.is_empty() {
        return 0.0;
    }
    let passing = states.iter().filter(|state| **state == CheckState::Passing).count();
    100.0 * passing as f64 / states.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authn::AgentKey;
    use crate::store::check::Run;

    const RHYTHM: Rhythm = Rhythm { interval: Duration::from_secs(60), timeout: Duration::from_secs(10) };
    const NOW: i64 = 1_000_000_000;

    fn last(status: Status, age_ms: i64, problem: bool) -> Last {
        let run = Run { at_ms: NOW - age_ms, status, reason: None, summary: None, failed_step: None, evidence: vec![] };
        Last {
            check: api::id::CheckId(uuid::Uuid::nil()),
            agent: AgentKey { cluster: "up".parse().expect("a label"), node: "a".parse().expect("a node") },
            run: Some(run),
            problem,
        }
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        let state = |last: &Last| node_state(Some(last), RHYTHM, NOW);
        assert_eq!(node_state(None, RHYTHM, NOW), CheckState::Missing);
        assert_eq!(state(&last(Status::Fail, 150_001, true)), CheckState::Stale);
        assert_eq!(state(&last(Status::Pass, 150_000, false)), CheckState::Passing);
        assert_eq!(state(&last(Status::Error, 0, true)), CheckState::Unknown);
        assert_eq!(state(&last(Status::Timeout, 0, false)), CheckState::Unknown);
        assert_eq!(state(&last(Status::Skipped, 0, false)), CheckState::Unknown);
        assert_eq!(state(&last(Status::Fail, 0, false)), CheckState::Failing);
        assert_eq!(state(&last(Status::Pass, 0, true)), CheckState::Failing);
        assert_eq!(state(&last(Status::Warn, 0, false)), CheckState::Passing);
        assert_eq!(state(&last(Status::Pass, -60_000, false)), CheckState::Passing, "clocks differ a little");
        assert_eq!(state(&last(Status::Pass, -60_001, false)), CheckState::Stale, "one of the clocks is wrong");
        let mut none = last(Status::Pass, 0, true);
        none.run = None;
        assert_eq!(state(&none), CheckState::Missing, "a problem alone is no run");
    }

    #[test]
    fn the_share_is_in_percent() {
        use CheckState::{Passing, Stale};
        assert_eq!((share(&[]), share(&[Passing, Stale, Stale, Stale]), share(&[Passing])), (0.0, 25.0, 100.0));
    }
}
