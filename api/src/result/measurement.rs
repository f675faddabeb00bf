//! A number a plugin measured.

use serde::{Deserialize, Serialize};

/// A named number with its unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Measurement {
    /// Name, such as `certificate_days_left`.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Unit in the International System or a count's noun: `s`, `bytes`, `days`, `orders`.
    pub unit: String,
}
