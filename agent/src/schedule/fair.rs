//! Who runs next: turns between tenants, first come first served within one. On a node of several tenants none holds
//! over half of the places, also while no other waits: a run lasts up to a minute, and whoever comes then would wait
//! for it. Nor does one use more than its share of CPU there: `budget`. Asked by `driver`, which bounds it: each check
//! waits at most once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::budget::{Budget, Party};

/// What waits and what runs.
#[derive(Debug)]
pub struct Queue<J> {
    places: usize,
    /// Tenants with checks on this node.
    parties: usize,
    waiting: BTreeMap<Party, VecDeque<J>>,
    /// Parties that wait, the next one first.
    turns: VecDeque<Party>,
    running: BTreeMap<Party, usize>,
    budget: Budget,
}

// === impl Queue ===

impl<J> Queue<J> {
    /// A queue before this many places.
    pub fn new(places: usize) -> Self {
        Self {
            places: places.max(1),
            parties: 0,
            waiting: BTreeMap::new(),
            turns: VecDeque::new(),
            running: BTreeMap::new(),
            budget: Budget::default(),
        }
    }

    /// So many tenants have checks on this node.
    pub fn shared_by(&mut self, parties: usize) {
        self.parties = parties;
    }

    /// Lets a job wait.
    pub fn push(&mut self, party: Party, job: J) {
        let line = self.waiting.entry(party.clone()).or_default();
        if line.is_empty() {
            self.turns.push_back(party);
        }
        line.push_back(job);
    }

    /// The next job to run, if a place is free and its party may have it. Its place is then taken until `done`.
    pub fn pop(&mut self, now_ms: u64) -> Option<(Party, J)> {
        if !self.has_place() {
            return None;
        }
        let may_run = |party| self.may_run(party) && self.free_at_ms(party, now_ms) <= now_ms;
        let at = self.turns.iter().position(may_run)?;
        let party = self.turns.remove(at).expect("a position that was found");
        let line = self.waiting.get_mut(&party).expect("who has a turn waits");
        let job = line.pop_front().expect("who has a turn waits");
        if line.is_empty() {
            self.waiting.remove(&party);
        } else {
            self.turns.push_back(party.clone());
        }
        *self.running.entry(party.clone()).or_default() += 1;
        Some((party, job))
    }

    /// When the next one may run that only its share of CPU keeps waiting.
    pub fn next_ms(&self, now_ms: u64) -> Option<u64> {
        let waits = self.turns.iter().filter(|party| self.has_place() && self.may_run(party));
        waits.map(|party| self.free_at_ms(party, now_ms)).filter(|free_ms| *free_ms > now_ms).min()
    }

    /// Who waits for its share of CPU since a while ago: each once.
    pub fn newly_over(&mut self, now_ms: u64) -> Vec<Party> {
        if self.parties < 2 {
            return vec![];
        }
        self.turns.iter().filter(|party| self.budget.is_newly_over(party, now_ms)).cloned().collect()
    }

    /// A job of this party has ended, and has used so much CPU.
    pub fn done(&mut self, party: &Party, cpu: Duration, now_ms: u64) {
        self.budget.charge(party, cpu, now_ms);
        if let Some(running) = self.running.get_mut(party) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(party);
            }
        }
    }

    /// Forgets what waits and is not wanted any more.
    pub fn retain(&mut self, mut wanted: impl FnMut(&J) -> bool) {
        self.waiting.retain(|_, line| {
            line.retain(&mut wanted);
            !line.is_empty()
        });
        let waiting = &self.waiting;
        self.turns.retain(|party| waiting.contains_key(party));
    }

    fn has_place(&self) -> bool {
        self.running.values().sum::<usize>() < self.places
    }

    /// Who has the node alone takes CPU from nobody.
    fn free_at_ms(&self, party: &Party, now_ms: u64) -> u64 {
        if self.parties < 2 { now_ms } else { self.budget.free_at_ms(party, now_ms) }
    }

    fn may_run(&self, party: &Party) -> bool {
        let held = self.running.get(party).copied().unwrap_or(0);
        let places = if self.parties < 2 { self.places } else { (self.places / 2).max(1) };
        held < places
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn tenant(name: &str) -> Party {
        Some(name.parse().expect("a label"))
    }

    #[test]
    fn a_crowd_does_not_keep_a_single_one_waiting() {
        let mut queue = Queue::new(4);
        queue.shared_by(2);
        for job in 0..100 {
            queue.push(tenant("crowd"), job);
        }
        let pop = |queue: &mut Queue<i32>| std::iter::from_fn(|| queue.pop(0)).map(|(_, job)| job).collect::<Vec<_>>();
        assert_eq!(pop(&mut queue), [0, 1], "half, though nobody else waits yet");
        queue.push(tenant("single"), 1_000);
        assert_eq!(pop(&mut queue), [1_000]);
        queue.shared_by(1);
        assert_eq!(pop(&mut queue), [2], "alone on the node, the crowd may have all places");
    }

    #[test]
    fn half_of_the_places_for_each_of_two() {
        let mut queue = Queue::new(4);
        queue.shared_by(2);
        for job in 0..10 {
            queue.push(tenant("a"), job);
            queue.push(tenant("b"), 100 + job);
        }
        let jobs: Vec<i32> = std::iter::from_fn(|| queue.pop(0)).map(|(_, job)| job).collect();
        assert_eq!(jobs, [0, 100, 1, 101]);
        queue.done(&tenant("a"), Duration::ZERO, 0);
        assert_eq!(queue.pop(0), Some((tenant("a"), 2)), "b holds its half already");
    }

    #[test]
    fn a_tenant_that_took_its_share_of_cpu_waits_and_nobody_else_does() {
        let mut queue = Queue::new(4);
        queue.shared_by(2);
        queue.push(tenant("greedy"), 1);
        queue.push(tenant("greedy"), 2);
        assert_eq!(queue.pop(0), Some((tenant("greedy"), 1)));
        queue.done(&tenant("greedy"), Duration::from_secs(12), 0);
        queue.push(tenant("modest"), 3);
        assert_eq!(queue.pop(0), Some((tenant("modest"), 3)));
        assert_eq!((queue.pop(0), queue.next_ms(0)), (None, Some(2_000)));
        assert_eq!((queue.newly_over(0), queue.newly_over(1)), (vec![tenant("greedy")], vec![]));
        assert_eq!(queue.pop(1_999), None);
        assert_eq!(queue.pop(2_000), Some((tenant("greedy"), 2)));
        assert_eq!(queue.next_ms(2_000), None, "nobody waits");
        queue.done(&tenant("greedy"), Duration::from_secs(60), 2_000);
        queue.push(tenant("greedy"), 4);
        assert_eq!(queue.pop(2_000), None);
        queue.shared_by(1);
        assert_eq!(queue.pop(2_000), Some((tenant("greedy"), 4)), "alone on the node, nobody is waited for");
    }

    #[test]
    fn what_is_not_wanted_is_forgotten() {
        let mut queue = Queue::new(2);
        queue.push(tenant("a"), 1);
        queue.push(None, 2);
        queue.retain(|job| *job != 1);
        assert_eq!(queue.pop(0), Some((None, 2)));
        assert_eq!(queue.pop(0), None);
    }

    proptest! {
        #[test]
        fn everything_runs_once_and_places_are_kept(
            places in 1_usize..8,
            jobs in prop::collection::vec(0_u8..5, 0..200),
        ) {
            let mut queue = Queue::new(places);
            queue.shared_by(jobs.iter().collect::<BTreeSet<_>>().len());
            for (job, party) in jobs.iter().enumerate() {
                queue.push(tenant(&format!("t{party}")), job);
            }
            let mut ran = vec![];
            let mut running: VecDeque<Party> = VecDeque::new();
            loop {
                while let Some((party, job)) = queue.pop(0) {
                    running.push_back(party);
                    ran.push(job);
                    prop_assert!(running.len() <= places);
                }
                let Some(party) = running.pop_front() else { break };
                queue.done(&party, Duration::ZERO, 0);
            }
            ran.sort_unstable();
            prop_assert_eq!(ran, (0..jobs.len()).collect::<Vec<_>>());
        }
    }
}
