//! What runs are counted by, exactly; what they found of their targets is `exposition`.

use api::result::{CheckResult, Status};
use host::outcome::Granted;
use host::{End, Outcome};
use prometheus::{
    Histogram, HistogramOpts, IntCounterVec, Registry, register_histogram_with_registry,
    register_int_counter_vec_with_registry,
};

/// Limits that end a run.
const LIMITS: [&str; 5] = ["cpu", "memory", "deadline", "host-calls", "output"];

/// From a run that finds its place free to one that waits as long as it may, a minute.
const QUEUED_BUCKETS_S: [f64; 8] = [0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// Metrics of runs. Every value of a label is shown from the start: what is absent is a fault of the scrape.
#[derive(Clone, Debug)]
pub struct Metrics {
    runs: IntCounterVec,
    kills: IntCounterVec,
    denied: IntCounterVec,
    queued: Histogram,
}

// === impl Metrics ===

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// A name is taken.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let runs = register_int_counter_vec_with_registry!(
            "floorwalker_runs_total",
            "Runs by status; those that did not start are skipped.",
            &["status"],
            registry
        )?;
        for status in Status::ALL {
            runs.with_label_values(&[status.as_str()]);
        }
        let kills = register_int_counter_vec_with_registry!(
            "floorwalker_sandbox_kills_total",
            "Runs ended by the sandbox, by the limit they met.",
            &["limit"],
            registry
        )?;
        let denied = register_int_counter_vec_with_registry!(
            "floorwalker_denied_total",
            "Capability calls that were refused, by capability.",
            &["capability"],
            registry
        )?;
        let help = "How long runs waited for a slot and for memory of the node.";
        let queued = HistogramOpts::new("floorwalker_run_queued_seconds", help).buckets(QUEUED_BUCKETS_S.to_vec());
        let queued = register_histogram_with_registry!(queued, registry)?;
        LIMITS.iter().for_each(|limit| drop(kills.with_label_values(&[limit])));
        Granted::ALL.iter().for_each(|capability| drop(denied.with_label_values(&[capability.as_str()])));
        Ok(Self { runs, kills, denied, queued })
    }

    /// A run has its result, whether it took place or not.
    pub(super) fn ran(&self, result: &CheckResult) {
        self.runs.with_label_values(&[result.status.as_str()]).inc();
    }

    /// A run or a clean-up has left the sandbox.
    pub(super) fn left_sandbox(&self, outcome: &Outcome) {
        self.queued.observe(outcome.usage.queued.as_secs_f64());
        if let Some(limit) = limit(&outcome.end) {
            self.kills.with_label_values(&[limit]).inc();
        }
        for denial in &outcome.denials {
            self.denied.with_label_values(&[denial.capability.as_str()]).inc();
        }
    }
}

/// The limit that ended a run.
fn limit(end: &End) -> Option<&'static str> {
    match end {
        End::CpuExceeded { .. } => Some("cpu"),
        End::MemoryExceeded { .. } => Some("memory"),
        End::Deadline { .. } => Some("deadline"),
        End::HostCallsExceeded { .. } => Some("host-calls"),
        End::OutputExceeded { .. } => Some("output"),
        End::Verdict(_)
        | End::CleanedUp
        | End::CheckError { .. }
        | End::Panicked { .. }
        | End::Trap { .. }
        | End::Exited { .. }
        | End::InvalidVerdict { .. }
        | End::Withheld { .. }
        | End::NotStarted { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::outcome;

    #[test]
    fn what_never_happened_is_shown_as_zero() {
        let registry = Registry::new();
        let _metrics = Metrics::register(&registry).expect("registers");
        let series = |name: &str| {
            let families = registry.gather();
            families.iter().find(|family| family.name() == name).map(|family| family.get_metric().len())
        };
        assert_eq!(series("floorwalker_sandbox_kills_total"), Some(LIMITS.len()));
        assert_eq!(series("floorwalker_denied_total"), Some(Granted::ALL.len()));
    }

    #[test]
    fn the_wait_for_the_node_is_told() {
        let metrics = Metrics::register(&Registry::new()).expect("registers");
        let mut waited = outcome(End::CleanedUp);
        waited.usage.queued = Duration::from_secs(2);
        metrics.left_sandbox(&waited);
        assert_eq!((metrics.queued.get_sample_count(), metrics.queued.get_sample_sum()), (1, 2.0));
    }

    #[test]
    fn a_limit_that_ends_a_run_is_one_of_those_shown() {
        let ended = limit(&End::Deadline { limit: Duration::ZERO, during: None }).expect("a limit");
        assert!(LIMITS.contains(&ended));
    }
}
