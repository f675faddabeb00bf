//! Values of secrets for the checks of a node. Kept in memory only, never on a node's disk.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::CheckId;

/// `GET /v1/agent/secrets`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Secrets {
    /// Values, one entry per check and name.
    pub secrets: Vec<SecretValue>,
}

/// One value.
#[derive(Clone, Serialize, Deserialize)]
pub struct SecretValue {
    /// The check that may use it.
    pub check_id: CheckId,
    /// The name the plugin uses.
    pub name: String,
    /// The version it has.
    pub version: String,
    /// The value.
    #[serde(with = "serde_bytes")]
    pub value: Vec<u8>,
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretValue")
            .field("check_id", &self.check_id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
