//! M-of-N: when results of a check become a problem and when it is over. Kept per check by `judge`; a new version of
//! the check's manifest begins anew. The prober's own trouble counts as failing: an unseen target is no good news.

use std::collections::VecDeque;

use api::frame::{Alert, Assignment};
use api::result::{Reason, Status};

/// The longest history: Nagios judges by 21 results, and manifests may ask for no more.
pub const HISTORY_MAX: usize = 21;

/// What a further result made of the problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    None,
    /// It is open now.
    Opened,
    /// It is over.
    Closed,
}

/// The last results of a check.
#[derive(Clone, Debug)]
pub struct History {
    alert: Alert,
    failed: VecDeque<bool>,
    passes_in_row: u8,
    open: bool,
}

/// An open problem, in the words that metrics show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What the check speaks of: `platform`, `application`, `business`.
    pub layer: &'static str,
    /// The reason that opened it.
    pub reason: &'static str,
}

// === impl Open ===

impl Open {
    /// The problem of a check.
    pub fn of(assignment: &Assignment, reason: Option<Reason>) -> Self {
        Self { layer: assignment.layer.as_str(), reason: reason.unwrap_or(Reason::Other).as_str() }
    }
}

// === impl History ===

impl History {
    /// An empty history under this rule.
    pub fn new(alert: Alert) -> Self {
        Self { alert, failed: VecDeque::new(), passes_in_row: 0, open: false }
    }

    /// Takes one more result.
    pub fn push(&mut self, status: Status) -> Turn {
        // A run that did not start says nothing, neither good nor bad.
        if status == Status::Skipped {
            return Turn::None;
        }
        let of = usize::from(self.alert.of).clamp(1, HISTORY_MAX);
        self.failed.push_back(!status.passes());
        while self.failed.len() > of {
            self.failed.pop_front();
        }
        self.passes_in_row = if status.passes() { self.passes_in_row.saturating_add(1) } else { 0 };
        let failures = self.failed.iter().filter(|failed| **failed).count();
        if !self.open && !status.passes() && failures >= usize::from(self.alert.failures.max(1)) {
            self.open = true;
            return Turn::Opened;
        }
        if self.open && self.passes_in_row >= self.alert.recover.max(1) {
            self.open = false;
            self.failed.clear();
            return Turn::Closed;
        }
        Turn::None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turns(alert: Alert, results: &str) -> Vec<(usize, Turn)> {
        let mut history = History::new(alert);
        let status = |letter| match letter {
            'p' => Status::Pass,
            'w' => Status::Warn,
            'f' => Status::Fail,
            't' => Status::Timeout,
            _ => Status::Skipped,
        };
        let pushed = results.chars().enumerate().map(|(at, letter)| (at, history.push(status(letter))));
        pushed.filter(|(_, turn)| *turn != Turn::None).collect()
    }

    #[test]
    fn three_of_five_open_and_two_passes_close() {
        assert_eq!(turns(Alert::default(), "fpfpfpp"), [(4, Turn::Opened), (6, Turn::Closed)]);
        assert_eq!(turns(Alert::default(), "ffpppff"), []);
        assert_eq!(turns(Alert::default(), "ftfffpwf"), [(2, Turn::Opened), (6, Turn::Closed)]);
        assert_eq!(turns(Alert::default(), "ffsssf"), [(5, Turn::Opened)]);
    }

    #[test]
    fn a_closed_problem_needs_its_failures_again() {
        assert_eq!(
            turns(Alert { failures: 2, of: 5, recover: 1 }, "ffpff"),
            [(1, Turn::Opened), (2, Turn::Closed), (4, Turn::Opened)]
        );
    }

    proptest! {
        #[test]
        fn it_opens_and_closes_in_turn(failures in 0_u8..22, of in 0_u8..30, recover in 0_u8..5, results in "[pwfts]{0,200}") {
            let turns = turns(Alert { failures, of, recover }, &results);
            for (at, (_, turn)) in turns.iter().enumerate() {
                prop_assert_eq!(*turn, if at % 2 == 0 { Turn::Opened } else { Turn::Closed });
            }
        }
    }
}
