//! The result of one run, as the agent judged it: what travels in frames and what readers see.
//! Built by `agent/judge`, read by the aggregator. It does not know guests nor the sandbox.

mod evidence;
mod finding;
mod measurement;
mod reason;
mod status;
mod step;

use serde::{Deserialize, Serialize};

pub use evidence::Evidence;
pub use finding::{Finding, Severity};
pub use measurement::Measurement;
pub use reason::Reason;
pub use status::Status;
pub use step::{Phases, Step, StepStatus};

use crate::id::RunId;

/// What one run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct CheckResult {
    /// The run.
    pub run_id: RunId,
    /// When the run was due, in milliseconds since 1970-01-01 UTC by the node's clock. For people; ages travel apart.
    pub scheduled_at_ms: u64,
    /// Wall time of the run, in milliseconds.
    pub duration_ms: f64,
    /// The status.
    pub status: Status,
    /// Why; absent when passing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One line for a person, 1 KiB at most. Never a metric label.
    pub summary: String,
    /// Steps, in the order opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Numbers with units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<Measurement>,
    /// Drift and violations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Facts about a subject that a gate may require.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What was cut to fit the limits, in words; empty when nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<String>,
}

impl CheckResult {
    /// The first step that failed, which is where a journey broke.
    pub fn failed_step(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.status == StepStatus::Fail)
    }
}
