//! Whether a freeze rule or a release policy binds. Both kinds have it.

use serde::{Deserialize, Serialize};

/// Whether a rule or policy binds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Binds.
    #[default]
    Enforce,
    /// Is evaluated and shown, and changes nothing.
    Shadow,
}

impl Mode {
    /// The word used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
        }
    }
}
