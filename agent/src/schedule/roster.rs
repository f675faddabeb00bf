//! The checks of this node with their plans, their turns and their histories. Kept by `driver`, which tells it the time
//! and runs what it gives. It does no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use api::frame::{Assignment, Body};
use api::id::{CheckId, NodeName};

use super::adopt::Adopted;
use super::budget::Party;
use super::fair::Queue;
use super::plan::{Busy, Due, Now, Plan};
use crate::exposition::Standing;
use crate::judge::Judge;
use crate::judge::problem::Open;
use crate::run::{Job, Ran};
use crate::spool::Draft;

/// The checks of a node.
#[derive(Debug)]
pub struct Roster {
    node: NodeName,
    checks: BTreeMap<CheckId, Entry>,
    /// Plans of checks that went less than an interval after they started: one that comes back, as an edit may make it,
    /// does not run again at once.
    gone: BTreeMap<CheckId, Plan>,
    queue: Queue<(CheckId, Due)>,
    waiting: BTreeSet<CheckId>,
    /// The earliest next tick of all; a look before it costs nothing.
    next_ms: Option<u64>,
    /// Those that run; a check that was taken away and given back meanwhile stands in both.
    running: BTreeMap<CheckId, Arc<Assignment>>,
}

#[derive(Debug)]
struct Entry {
    assignment: Arc<Assignment>,
    plan: Plan,
    judge: Judge,
}

/// A run that begins now.
#[derive(Debug)]
pub struct Begun {
    /// What to do.
    pub job: Job,
    /// Since when it was due.
    pub lag: Duration,
}

/// What came of a run.
#[derive(Debug, Default, PartialEq)]
pub struct Told {
    /// What is to be reported at once.
    pub drafts: Vec<Draft>,
    /// The check's problem, when it opened.
    pub opened: Option<Open>,
}

// === impl Roster ===

impl Roster {
    /// No checks yet, and this many places to run them in.
    pub fn new(node: NodeName, places: usize) -> Self {
        Self {
            node,
            checks: BTreeMap::new(),
            gone: BTreeMap::new(),
            queue: Queue::new(places),
            waiting: BTreeSet::new(),
            next_ms: None,
            running: BTreeMap::new(),
        }
    }

    /// Assignments as they are run now.
    pub fn adopted(&self) -> Adopted {
        self.checks.iter().map(|(id, entry)| (*id, Arc::clone(&entry.assignment))).collect()
    }

    /// Runs by other assignments from now on. Gives what has to be told of those that changed or went.
    pub fn adopt(&mut self, adopted: Adopted, now: Now) -> Vec<Draft> {
        let mut drafts = vec![];
        let gone = &mut self.gone;
        self.checks.retain(|id, entry| {
            let stays = adopted.contains_key(id);
            if !stays {
                gone.insert(*id, entry.plan.clone());
                drafts.extend(entry.judge.end(&entry.assignment, now.boot_ms));
            }
            stays
        });
        self.gone.retain(|_, plan| plan.has_just_run(now));
        for (id, assignment) in adopted {
            let interval = Duration::from_millis(assignment.interval_ms);
            match self.checks.get_mut(&id) {
                Some(entry) => {
                    drafts.extend(entry.judge.adopt(&assignment, now.boot_ms));
                    if entry.plan.interval() != interval {
                        entry.plan = entry.plan.clone().with_interval(id, &self.node, interval, now);
                    }
                    entry.assignment = assignment;
                }
                None => {
                    let plan = match self.gone.remove(&id) {
                        Some(before) => before.with_interval(id, &self.node, interval, now),
                        None => Plan::begin(id, &self.node, interval, now),
                    };
                    let judge = Judge::new(&assignment, now.boot_ms);
                    self.checks.insert(id, Entry { assignment, plan, judge });
                }
            }
        }
        let tenants: BTreeSet<_> = self.checks.values().map(|entry| &entry.assignment.tenant).collect();
        self.queue.shared_by(tenants.len());
        let checks = &self.checks;
        self.waiting.retain(|id| checks.contains_key(id));
        self.queue.retain(|(id, _)| checks.contains_key(id));
        self.next_ms = self.earliest();
        drafts
    }

    /// Lets what is due wait for a place; gives the number of ticks that were missed.
    pub fn tick(&mut self, now: Now) -> u64 {
        if self.next_ms.is_none_or(|next_ms| now.boot_ms < next_ms) {
            return 0;
        }
        let mut missed = 0;
        for (id, entry) in &mut self.checks {
            let is_busy = self.waiting.contains(id) || self.running.contains_key(id);
            let tick = entry.plan.tick(now, if is_busy { Busy::Yes } else { Busy::No });
            missed += tick.missed;
            if let Some(due) = tick.due {
                self.waiting.insert(*id);
                self.queue.push(entry.assignment.tenant.clone(), (*id, due));
            }
        }
        self.next_ms = self.earliest();
        missed
    }

    /// The next run to begin, if there is a place for it.
    pub fn begin(&mut self, now: Now) -> Option<Begun> {
        let (_, (id, due)) = self.queue.pop(now.boot_ms)?;
        let entry = self.checks.get_mut(&id).expect("what is not here was taken out of the queue");
        self.waiting.remove(&id);
        entry.plan.started(now);
        self.running.insert(id, Arc::clone(&entry.assignment));
        let Due { scheduled_at_ms, boot_ms } = due;
        let job = Job { assignment: Arc::clone(&entry.assignment), scheduled_at_ms };
        Some(Begun { job, lag: Duration::from_millis(now.boot_ms.saturating_sub(boot_ms)) })
    }

    /// A run has ended.
    pub fn end(&mut self, ran: &Ran, now: Now) -> Told {
        let id = ran.assignment.check_id;
        self.release(id, ran.cpu, now);
        let note = |note| Draft {
            lease: ran.lease,
            ..Draft::of_check(&ran.assignment, ran.began_boot_ms, Body::Ledger(note))
        };
        let mut told = Told { drafts: ran.ledger.iter().cloned().map(note).collect(), opened: None };
        // What ran under another version of the manifest says nothing of this one.
        let same = |entry: &&mut Entry| entry.assignment.version == ran.assignment.version;
        if let Some(entry) = self.checks.get_mut(&id).filter(same) {
            let had_problem = entry.judge.problem().is_some();
            told.drafts.extend(entry.judge.push(&ran.assignment, &ran.result, ran.began_boot_ms, ran.lease));
            told.opened = entry.judge.problem().filter(|_| !had_problem).cloned();
        }
        told
    }

    /// Where a check stands; none when it is not on this node.
    pub fn standing(&self, id: CheckId) -> Option<Standing> {
        self.checks.get(&id).map(|entry| Standing { problem: entry.judge.problem().cloned() })
    }

    /// A run holds its place no longer; also one that will never end, since the agent broke it.
    pub fn release(&mut self, id: CheckId, cpu: Duration, now: Now) {
        if let Some(assignment) = self.running.remove(&id) {
            self.queue.done(&assignment.tenant, cpu, now.boot_ms);
        }
    }

    /// The counts of all checks since they were asked for last.
    pub fn roll_up(&mut self, now: Now) -> Vec<Draft> {
        let roll_up = |entry: &mut Entry| entry.judge.roll_up(&entry.assignment, now.boot_ms);
        self.checks.values_mut().filter_map(roll_up).collect()
    }

    /// When to look again, on the boot-time clock.
    pub fn next_ms(&self, now: Now) -> Option<u64> {
        self.next_ms.into_iter().chain(self.queue.next_ms(now.boot_ms)).min()
    }

    /// Whose runs wait since just now, since its share of the node's CPU is used up.
    pub fn newly_over_budget(&mut self, now: Now) -> Vec<Party> {
        self.queue.newly_over(now.boot_ms)
    }

    fn earliest(&self) -> Option<u64> {
        self.checks.values().map(|entry| entry.plan.next_ms()).min()
    }
}

#[cfg(test)]
mod tests {
    use api::frame::{LedgerNote, LedgerState};
    use api::result::{Reason, Status};

    use super::*;
    use crate::testing::{assignment, result};

    fn now(after_ms: u64) -> Now {
        Now { boot_ms: 1_000_000 + after_ms, wall_ms: 1_800_000_000_000 + after_ms as i64 }
    }

    fn adopted(checks: Vec<Assignment>) -> Adopted {
        checks.into_iter().map(|check| (check.check_id, Arc::new(check))).collect()
    }

    fn roster(checks: Vec<Assignment>) -> Roster {
        let mut roster = Roster::new("node-1".parse().expect("a name"), 4);
        assert_eq!(roster.adopt(adopted(checks), now(0)), []);
        roster
    }

    fn ran(job: &Job, status: Status) -> Ran {
        Ran {
            assignment: Arc::clone(&job.assignment),
            result: result(status, Some(Reason::HttpStatus)),
            outcome: None,
            lease: None,
            began_boot_ms: 1_000_000,
            cpu: Duration::ZERO,
            ledger: vec![],
        }
    }

    /// The instant of the next tick.
    fn next(roster: &Roster) -> Now {
        now(roster.next_ms(now(0)).expect("there is a check") - 1_000_000)
    }

    fn begin(roster: &mut Roster) -> Job {
        let at = next(roster);
        assert_eq!(roster.tick(at), 0);
        roster.begin(at).expect("due").job
    }

    #[test]
    fn a_check_never_overlaps_itself() {
        let mut roster = roster(vec![assignment("checkout")]);
        let job = begin(&mut roster);
        let overlapping = next(&roster);
        assert_eq!(roster.tick(overlapping), 1);
        assert!(roster.begin(overlapping).is_none());
        roster.end(&ran(&job, Status::Pass), now(0));
        begin(&mut roster);
    }

    #[test]
    fn what_is_taken_away_is_not_begun_and_its_counts_are_told() {
        let mut roster = roster(vec![assignment("checkout"), assignment("login")]);
        let job = begin(&mut roster);
        roster.end(&ran(&job, Status::Pass), now(0));
        let at = next(&roster);
        roster.tick(at);
        let told = roster.adopt(Adopted::new(), at);
        assert_eq!(told.len(), 1, "the counts of the one that ran");
        assert!(roster.begin(at).is_none());
        assert_eq!(roster.next_ms(at), None);
    }

    #[test]
    fn a_check_that_goes_and_comes_back_does_not_run_again_at_once() {
        let check = assignment("checkout");
        let mut roster = roster(vec![check.clone()]);
        let began_ms = next(&roster).boot_ms;
        let job = begin(&mut roster);
        roster.end(&ran(&job, Status::Pass), now(0));
        let after = |ms| now(began_ms - 1_000_000 + ms);
        roster.adopt(Adopted::new(), after(1_000));
        // A shorter interval has a tick soon; half of it after the last start is soon enough.
        let edited = Assignment { interval_ms: 20_000, version: "v2".into(), ..check.clone() };
        roster.adopt(adopted(vec![edited]), after(2_000));
        let next_ms = roster.next_ms(after(2_000)).expect("there is a check");
        assert!(next_ms >= began_ms + 10_000, "{next_ms} after {began_ms}");
        roster.adopt(Adopted::new(), after(30_000));
        roster.adopt(Adopted::new(), after(120_000));
        assert_eq!(roster.gone.len(), 0, "an interval is remembered and no longer");
    }

    #[test]
    fn a_run_of_an_older_version_says_nothing_of_the_new_one() {
        let mut roster = roster(vec![assignment("checkout")]);
        let job = begin(&mut roster);
        roster.adopt(adopted(vec![Assignment { version: "v2".into(), ..assignment("checkout") }]), now(61_000));
        let note = LedgerNote { kind: "sale.order".into(), key: "a".into(), id: None, state: LedgerState::Left };
        let told = roster.end(&Ran { ledger: vec![note], ..ran(&job, Status::Fail) }, now(61_000));
        assert_eq!(told.drafts.len(), 1, "what it left is told all the same");
        assert_eq!(roster.roll_up(now(75_000)), []);
    }

    #[test]
    fn a_problem_is_counted_once_and_stands_until_it_closes_or_the_manifest_changes() {
        let alert = api::frame::Alert { failures: 1, of: 1, recover: 1 };
        let check = Assignment { alert, ..assignment("a") };
        let mut roster = roster(vec![check.clone()]);
        let run = |roster: &mut Roster, status| {
            let job = begin(roster);
            let opened = roster.end(&ran(&job, status), now(0)).opened;
            (opened, roster.standing(check.check_id).expect("is here").problem)
        };
        let open = Some(Open { layer: "application", reason: "http-status" });
        assert_eq!(run(&mut roster, Status::Fail), (open.clone(), open.clone()));
        assert_eq!(run(&mut roster, Status::Fail), (None, open.clone()));
        assert_eq!(run(&mut roster, Status::Pass), (None, None));
        assert_eq!(run(&mut roster, Status::Fail), (open.clone(), open));
        let at = next(&roster);
        roster.adopt(adopted(vec![Assignment { version: "v2".into(), ..check.clone() }]), at);
        assert_eq!(roster.standing(check.check_id), Some(Standing { problem: None }));
        roster.adopt(Adopted::new(), at);
        assert_eq!(roster.standing(check.check_id), None);
    }
}
