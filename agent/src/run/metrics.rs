//! What runs are counted by, exactly; what they found of their targets is `exposition`.

use api::result::{CheckResult, Status};
use host::{End, Outcome};
use prometheus::{IntCounterVec, Opts, Registry};

/// Metrics of runs.
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
        let counter = |name: &str, help: &str, label: &str| {
            let counter = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let runs =
            counter("floorwalker_runs_total", "Runs by status; those that did not start are skipped.", "status")?;
        for status in Status::ALL {
            runs.with_label_values(&[status.as_str()]);
        }
        let kills =
            counter("floorwalker_sandbox_kills_total", "Runs ended by the sandbox, by the limit they met.", "limit")?;
        let denied =
            counter("floorwalker_denied_total", "Capability calls that were refused, by capability.", "capability")?;
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
            self.denied.with_label_values(&[denial.capability]).inc();
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
