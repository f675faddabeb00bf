//! What runs are counted by, exactly; what they found of their targets is `exposition`.

use api::result::{CheckResult, Status};
use host::outcome::Granted;
use host::{End, Outcome};
use prometheus::{IntCounterVec, Registry, register_int_counter_vec_with_registry};

/// Limits that end a run.
const LIMITS: [&str; 5] = ["cpu", "memory", "deadline", "host-calls", "output"];

/// Metrics of runs. Every value of a label is shown from the start: what is absent is a fault of the scrape.
#[derive(Clone, Debug)]
pub struct Metrics {
    runs: IntCounterVec,
    kills: IntCounterVec,
    denied: IntCounterVec,
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
        LIMITS.iter().for_each(|limit| drop(kills.with_label_values(&[limit])));
        Granted::ALL.iter().for_each(|capability| drop(denied.with_label_values(&[capability.as_str()])));
        Ok(Self { runs, kills, denied })
    }

    /// A run has its result, whether it took place or not.
    pub(super) fn ran(&self, result: &CheckResult) {
        self.runs.with_label_values(&[result.status.as_str()]).inc();
    }

    /// A run or a clean-up has left the sandbox.
    pub(super) fn left_sandbox(&self, outcome: &Outcome) {
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
    fn a_limit_that_ends_a_run_is_one_of_those_shown() {
        let ended = limit(&End::Deadline { limit: Duration::ZERO, during: None }).expect("a limit");
        assert!(LIMITS.contains(&ended));
    }
}
