//! What waits for the writer, in two lanes: changes go before batches, so that a decision never stands behind a fleet's
//! frames. Pure but for its blocking: handed in by `writer` from tasks, taken out by the writer's thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Changes that may wait: at 1 ms each the last one waits a second.
const CHANGES_WAITING_MAX: usize = 1_024;
/// Batches that may wait: 24 frames under way (`http/frames`) of 16 batches each, and tasks are a
/// handful. Those of a frame that hung up stay; beyond it the answer is busy.
const BATCHES_WAITING_MAX: usize = 512;

/// Where a job waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Lane {
    /// What people and the law do.
    Change,
    /// What machines report.
    Batch,
}

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its lane is full.
    Full,
    /// Nothing is written any more.
    Closed,
}

/// The two lanes.
#[derive(Debug)]
pub(super) struct Queue<J> {
    lanes: Mutex<Lanes<J>>,
    filled: Condvar,
}

#[derive(Debug)]
struct Lanes<J> {
    changes: VecDeque<J>,
    batches: VecDeque<J>,
    closed: bool,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        let lanes = Lanes { changes: VecDeque::new(), batches: VecDeque::new(), closed: false };
        Self { lanes: Mutex::new(lanes), filled: Condvar::new() }
    }

    /// Hands a job in.
    pub(super) fn push(&self, lane: Lane, job: J) -> Result<(), Refused> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(Refused::Closed);
        }
        let (waiting, most) = match lane {
            Lane::Change => (&mut lanes.changes, CHANGES_WAITING_MAX),
            Lane::Batch => (&mut lanes.batches, BATCHES_WAITING_MAX),
        };
        if waiting.len() >= most {
            return Err(Refused::Full);
        }
        waiting.push_back(job);
        self.filled.notify_one();
        Ok(())
    }

    /// Takes no more; what waits is still taken out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// Whether nothing is written any more.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Takes no more, and drops what waits: nobody will write it.
    pub(super) fn abandon(&self) {
        let mut lanes = self.lock();
        lanes.closed = true;
        let dropped = (std::mem::take(&mut lanes.changes), std::mem::take(&mut lanes.batches));
        drop(lanes);
        drop(dropped);
    }

    /// The first job of a group; waits for one. None once it is closed and empty.
    pub(super) fn first(&self) -> Option<J> {
        let mut lanes = self.lock();
        loop {
            let next = lanes.changes.pop_front();
            if let Some(job) = next.or_else(|| lanes.batches.pop_front()) {
                return Some(job);
            }
            if lanes.closed {
                return None;
            }
            lanes = self.filled.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A further change of a group.
    pub(super) fn next_change(&self) -> Option<J> {
        self.lock().changes.pop_front()
    }

    /// A further batch of a group.
    pub(super) fn next_batch(&self) -> Option<J> {
        self.lock().batches.pop_front()
    }

    /// Whether a change waits: the group ends, so that it does not wait for more batches.
    pub(super) fn has_change(&self) -> bool {
        !self.lock().changes.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<J>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_before_batches() {
        let queue = Queue::new();
        queue.push(Lane::Batch, "batch").expect("room");
        queue.push(Lane::Change, "change").expect("room");
        assert_eq!((queue.first(), queue.has_change()), (Some("change"), false));
        assert_eq!((queue.next_change(), queue.next_batch()), (None, Some("batch")));
    }

    #[test]
    fn a_full_lane_leaves_the_other_open_and_a_closed_queue_is_emptied() {
        let queue = Queue::new();
        let taken = (0..2_000).filter(|n| queue.push(Lane::Batch, *n).is_ok()).count();
        assert_eq!(taken, BATCHES_WAITING_MAX);
        assert_eq!(queue.push(Lane::Batch, 0), Err(Refused::Full));
        queue.push(Lane::Change, 7).expect("the other lane");
        queue.close();
        assert_eq!(queue.push(Lane::Change, 8), Err(Refused::Closed));
        assert_eq!(std::iter::from_fn(|| queue.first()).count(), BATCHES_WAITING_MAX + 1);
        assert_eq!(queue.first(), None);
    }
}
