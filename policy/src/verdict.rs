//! The verdict of a check over the nodes it is intended for. Asked by `require` for the gate, and by the aggregator's
//! `fleet` for readers, so that both say the same. What one node's verdict is, the snapshot says.

use api::http::check::CheckState;

/// None intended is missing; enough of them passing, in percent, is passing; else the gravest state there is.
pub fn verdict(states: &[CheckState], share_min: u8) -> CheckState {
    let passing = states.iter().filter(|state| **state == CheckState::Passing).count();
    let enough = passing * 100 >= usize::from(share_min) * states.len();
    match states.iter().copied().min_by_key(|state| severity(*state)) {
        None => CheckState::Missing,
        Some(_) if enough => CheckState::Passing,
        Some(gravest) => gravest,
    }
}

/// The gravest first: the target's trouble before the prober's.
pub(crate) fn severity(state: CheckState) -> u8 {
    match state {
        CheckState::Failing => 0,
        CheckState::Stale => 1,
        CheckState::Missing => 2,
        CheckState::Unknown => 3,
        CheckState::Passing => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_over_intended_nodes() {
        use CheckState::{Failing, Missing, Passing, Stale, Unknown};
        assert_eq!(verdict(&[], 95), Missing);
        assert_eq!(verdict(&[Passing; 20], 95), Passing);
        let mut states = vec![Passing; 19];
        states.push(Stale);
        assert_eq!(verdict(&states, 95), Passing, "one in twenty may be silent");
        assert_eq!(verdict(&states, 96), Stale);
        assert_eq!(verdict(&[Unknown, Stale, Failing, Passing], 95), Failing);
        assert_eq!(verdict(&[Missing], 0), Passing, "nothing has to pass");
    }
}
