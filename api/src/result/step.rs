//! A named part of a run, timed by the host.

use serde::{Deserialize, Serialize};

/// Status of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// Went well.
    Pass,
    /// Went well, and a person should look.
    Warn,
    /// Failed, or was open when the run ended.
    Fail,
    /// Was not tried.
    Skipped,
}

/// Network phases, in milliseconds; a phase that never ran is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Phases {
    /// Name resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve: Option<f64>,
    /// TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<f64>,
    /// TLS handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<f64>,
    /// Request sent to first byte of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing: Option<f64>,
    /// First to last byte of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<f64>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Step {
    /// The plugin's name of it.
    pub name: String,
    /// The status.
    pub status: StepStatus,
    /// Wall time, in milliseconds.
    pub duration_ms: f64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Sum of the network phases of the requests made in it.
    #[serde(default)]
    pub phases: Phases,
}
