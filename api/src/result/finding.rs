//! Something that is not as declared.

use serde::{Deserialize, Serialize};

/// How bad it is.
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
pub enum Severity {
    /// To know.
    Info,
    /// To look at.
    Warning,
    /// To act on.
    Critical,
}

/// Declared against live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Finding {
    /// What it is about, such as `sysctl:net.ipv4.ip_forward`.
    pub subject: String,
    /// Declared.
    pub expected: String,
    /// Live.
    pub actual: String,
    /// How bad.
    pub severity: Severity,
}
