//! From outcomes to what is told: a result, its change of status, its problem, its counts. It gives drafts, `spool`
//! numbers them. Kept by `schedule/driver`, one `Judge` per check; it knows no clock.

mod details;
mod fit;
pub mod outcome;
pub mod problem;
pub mod rollup;

use api::frame::{Assignment, Body, Failure, Problem, Transition};
use api::result::{CheckResult, Status};

use crate::spool::Draft;
use problem::{History, Open, Turn};
use rollup::Counts;

/// What a check's results came to so far.
#[derive(Debug)]
pub struct Judge {
    version: String,
    last: Option<Status>,
    history: History,
    /// The open problem, as metrics show it.
    open: Option<Open>,
    counts: Counts,
}

// === impl Judge ===

impl Judge {
    /// A check that is new on this node.
    pub fn new(assignment: &Assignment, now_boot_ms: u64) -> Self {
        Self {
            version: assignment.version.clone(),
            last: None,
            history: History::new(assignment.alert),
            open: None,
            counts: Counts::begin(now_boot_ms),
        }
    }

    /// The open problem.
    pub fn problem(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// The assignment changed. Another version begins a new history; the counts of the old one are told.
    pub fn adopt(&mut self, assignment: &Assignment, now_boot_ms: u64) -> Vec<Draft> {
        if self.version == assignment.version {
            return vec![];
        }
        let drafts = self.end(assignment, now_boot_ms);
        *self = Self::new(assignment, now_boot_ms);
        drafts
    }

    /// The check is changed or taken away: what is counted is told, what is open is closed.
    pub fn end(&mut self, assignment: &Assignment, now_boot_ms: u64) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = self.roll_up(assignment, now_boot_ms).into_iter().collect();
        if self.open.is_some() {
            let problem = Problem { open: false, reason: None, summary: "the check was changed or moved".to_owned() };
            drafts.push(Draft::of_check(assignment, now_boot_ms, Body::Problem(problem)));
        }
        drafts
    }

    /// Takes the result of a run that began at an instant of the boot-time clock; gives what is to be told at once.
    pub fn push(
        &mut self,
        assignment: &Assignment,
        result: &CheckResult,
        began_boot_ms: u64,
        lease: Option<u64>,
    ) -> Vec<Draft> {
        self.counts.push(result, began_boot_ms);
        let before = self.last.replace(result.status);
        let turn = self.history.push(result.status);
        let mut bodies = vec![];
        if before != Some(result.status) {
            bodies.push(Body::Transition(Box::new(Transition { from: before, result: result.clone() })));
        } else if matches!(result.status, Status::Fail | Status::Error | Status::Timeout) {
            bodies.push(Body::Failure(Box::new(Failure { result: result.clone() })));
        }
        if turn != Turn::None {
            let open = turn == Turn::Opened;
            self.open = open.then(|| Open::of(assignment, result.reason));
            bodies.push(Body::Problem(Problem { open, reason: result.reason, summary: result.summary.clone() }));
        }
        // A record is as old as its run: freshness is counted from the run itself.
        let draft = |body| Draft { lease, ..Draft::of_check(assignment, began_boot_ms, body) };
        bodies.into_iter().map(draft).collect()
    }

    /// The counts since the last roll-up; none when nothing ran.
    pub fn roll_up(&mut self, assignment: &Assignment, now_boot_ms: u64) -> Option<Draft> {
        let roll_up = self.counts.take(now_boot_ms, &self.version)?;
        Some(Draft::of_check(assignment, now_boot_ms, Body::RollUp(roll_up)))
    }
}

#[cfg(test)]
mod tests {
    use api::result::Reason;

    use super::*;
    use crate::testing::{assignment, result};

    const AT: u64 = 5_000;

    fn kinds(drafts: &[Draft]) -> Vec<&'static str> {
        drafts.iter().map(|draft| draft.kind()).collect()
    }

    #[test]
    fn changes_and_failures_are_told_at_once_and_passes_are_counted() {
        let check = assignment("checkout");
        let mut judge = Judge::new(&check, 0);
        let mut push = |status, reason| kinds(&judge.push(&check, &result(status, reason), AT, None));
        assert_eq!(push(Status::Pass, None), ["transition"]);
        assert_eq!(push(Status::Pass, None), Vec::<&str>::new());
        assert_eq!(push(Status::Fail, Some(Reason::HttpStatus)), ["transition"]);
        assert_eq!(push(Status::Fail, Some(Reason::HttpStatus)), ["failure"]);
        assert_eq!(push(Status::Fail, Some(Reason::HttpStatus)), ["failure", "problem"]);
        assert_eq!(push(Status::Skipped, Some(Reason::PrerequisiteMissing)), ["transition"]);
        assert_eq!(push(Status::Skipped, Some(Reason::PrerequisiteMissing)), Vec::<&str>::new());
        let roll_up = judge.roll_up(&check, 15_000).expect("seven runs");
        assert!(matches!(roll_up.body, Body::RollUp(counted) if counted.runs == 7));
    }

    #[test]
    fn records_of_a_run_carry_its_lease_and_its_beginning() {
        let check = assignment("checkout");
        let drafts = Judge::new(&check, 0).push(&check, &result(Status::Pass, None), AT, Some(7));
        assert_eq!((drafts[0].lease, drafts[0].at_boot_ms), (Some(7), 5_000));
    }

    #[test]
    fn a_restart_while_a_problem_was_open_tells_a_beginning_and_nothing_that_contradicts_it() {
        let check = assignment("checkout");
        let mut before = Judge::new(&check, 0);
        for _ in 0..3 {
            before.push(&check, &result(Status::Fail, Some(Reason::HttpStatus)), AT, None);
        }
        assert!(before.problem().is_some());
        // Whoever reads ends what was open when a history begins: this process never says that it is closed.
        for first in [Status::Pass, Status::Fail, Status::Error] {
            let drafts = Judge::new(&check, 0).push(&check, &result(first, None), AT, None);
            assert_eq!(kinds(&drafts), ["transition"]);
            assert!(matches!(&drafts[0].body, Body::Transition(begun) if begun.from.is_none()));
        }
        let at_once = Assignment { alert: api::frame::Alert { failures: 1, of: 1, recover: 1 }, ..check };
        let mut judge = Judge::new(&at_once, 0);
        let drafts = judge.push(&at_once, &result(Status::Fail, Some(Reason::HttpStatus)), AT, None);
        assert_eq!(kinds(&drafts), ["transition", "problem"], "the beginning comes before what opens after it");
    }

    #[test]
    fn a_new_version_begins_a_new_history() {
        let check = assignment("checkout");
        let mut judge = Judge::new(&check, 0);
        for _ in 0..3 {
            judge.push(&check, &result(Status::Fail, Some(Reason::HttpStatus)), AT, None);
        }
        assert!(judge.problem().is_some());
        let changed = Assignment { version: "v2".to_owned(), ..check };
        assert_eq!(kinds(&judge.adopt(&changed, 6_000)), ["roll-up", "problem"]);
        assert!(judge.problem().is_none());
        assert_eq!(kinds(&judge.push(&changed, &result(Status::Fail, None), AT, None)), ["transition"]);
    }
}
