//! Who is to blame: `pass, warn, fail` are the target's; `error, timeout, skipped` are the prober's.
//! `stale` and `missing` are no statuses of a run: the aggregator derives them.

use serde::{Deserialize, Serialize};

/// Status of a run.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The target is as it should be.
    Pass,
    /// Passing, and a person should look.
    Warn,
    /// The target is broken.
    Fail,
    /// The plugin or the agent broke.
    Error,
    /// The run ended at its deadline.
    Timeout,
    /// The run did not start: no lease, no secret, no plugin.
    Skipped,
}

impl Status {
    /// All of them, in the order of metric labels.
    pub const ALL: [Self; 6] = [Self::Pass, Self::Warn, Self::Fail, Self::Error, Self::Timeout, Self::Skipped];

    /// The word used in documents and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Skipped => "skipped",
        }
    }

    /// Whether it counts as passing for a verdict.
    pub fn passes(self) -> bool {
        matches!(self, Self::Pass | Self::Warn)
    }
}
