//! What a run may use besides time: memory over everything it has, and calls into the host.
//! `run` gives both to the store; a budget that is used up is a typed error, which `run` turns into an `End`.

use api::limits::LEDGER_ENTRIES_MAX;
use wasmtime::ResourceLimiter;

/// Calls into the host in one run; a journey makes about a hundred. More is a storm.
pub const HOST_CALLS_MAX: u64 = 10_000;
/// Writes to its state in one run, removals included: each of the 16 keys four times. Each is a sync of the disk.
pub const STATE_WRITES_MAX: u32 = 64;
/// Marks in the ledger in one run: intent, created and cleaned of as many objects as it may make, and one correction
/// of each. Each is a sync of the disk.
pub(crate) const LEDGER_MARKS_MAX: usize = 4 * LEDGER_ENTRIES_MAX;
/// Bytes of files that a run may have hashed: four of the largest files, or all configuration of a node many times.
pub const HASHED_BYTES_MAX: u64 = 256 << 20;
/// Bytes that one host call may carry out of the guest: a request body of 1 MiB, its headers and room.
pub(crate) const HOST_CALL_BYTES_MAX: usize = 4 << 20;
/// Stack of a run: the guest's, of which wasmtime gives it 512 KiB, and that of the host calls it makes.
pub(crate) const STACK_BYTES: usize = 2 << 20;
/// Handles a guest may hold: streams and pollables of an empty WASI, a dozen in practice.
pub(crate) const HANDLES_MAX: usize = 1_024;
/// Bytes of randomness per call.
pub(crate) const RANDOM_BYTES_MAX: u64 = 64 << 10;
/// What an element of a table takes.
const TABLE_ELEMENT_BYTES: u64 = 8;
/// Instances, memories and tables of one store; the pool has its own, lower bounds.
const INSTANCES_MAX: usize = 128;

/// The guest asked for more memory than it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all memories together would have {asked} bytes, the limit is {limit}")]
pub(crate) struct MemoryExceeded {
    pub(crate) asked: u64,
    pub(crate) limit: u64,
}

/// The guest's CPU budget is used up.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the CPU budget is used up")]
pub(crate) struct CpuExceeded;

/// The guest called the host too often.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("more than {HOST_CALLS_MAX} host calls")]
pub(crate) struct HostCallsExceeded;

/// Sums all memories and tables of a store.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: u64,
    used: u64,
    exceeded: Option<MemoryExceeded>,
}

impl MemoryLimiter {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: 0, exceeded: None }
    }

    /// The largest sum so far; memories never shrink.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.used
    }

    /// What was refused. Kept here too, since an instance that fails half-way hides its cause.
    pub(crate) fn exceeded(&self) -> Option<MemoryExceeded> {
        self.exceeded
    }

    fn grow(&mut self, by: u64) -> wasmtime::Result<bool> {
        let asked = self.used.saturating_add(by);
        if asked > self.limit {
            let exceeded = MemoryExceeded { asked, limit: self.limit };
            self.exceeded = Some(exceeded);
            // An error and not a refusal: a guest that is told "no" traps as if it had panicked.
            return Err(exceeded.into());
        }
        self.used = asked;
        Ok(true)
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(desired.saturating_sub(current) as u64)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(desired.saturating_sub(current) as u64 * TABLE_ELEMENT_BYTES)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        INSTANCES_MAX
    }

    fn memories(&self) -> usize {
        INSTANCES_MAX
    }
}

/// Counts calls into the host and knows the present one.
#[derive(Debug, Default)]
pub(crate) struct CallBudget {
    made: u64,
    present: Option<&'static str>,
}

impl CallBudget {
    /// Begins a call that may wait.
    pub(crate) fn begin(&mut self, name: &'static str) -> wasmtime::Result<()> {
        self.made += 1;
        if self.made > HOST_CALLS_MAX {
            return Err(HostCallsExceeded.into());
        }
        self.present = Some(name);
        Ok(())
    }

    /// Ends it. A call that is dropped half-way stays the present one: that is where the deadline struck.
    pub(crate) fn end(&mut self) {
        self.present = None;
    }

    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    pub(crate) fn present(&self) -> Option<&'static str> {
        self.present
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_are_one_sum() {
        let mut limiter = MemoryLimiter::new(200_000);
        assert!(limiter.memory_growing(0, 65_536, None).expect("fits"));
        assert!(limiter.memory_growing(0, 65_536, None).expect("a second memory fits"));
        assert!(limiter.table_growing(0, 1_000, None).expect("a table fits"));
        let error = limiter.memory_growing(65_536, 131_072, None).expect_err("too much");
        let exceeded = error.downcast_ref::<MemoryExceeded>().expect("typed");
        assert_eq!(*exceeded, MemoryExceeded { asked: 204_608, limit: 200_000 });
        assert_eq!(limiter.exceeded(), Some(*exceeded));
        assert_eq!(limiter.peak_bytes(), 139_072);
    }

    #[test]
    fn a_storm_of_calls_ends() {
        let mut budget = CallBudget::default();
        for _ in 0..HOST_CALLS_MAX {
            budget.begin("log.emit").expect("within the budget");
            budget.end();
        }
        assert!(budget.begin("log.emit").expect_err("over it").is::<HostCallsExceeded>());
        assert_eq!(budget.present(), None);
    }
}
