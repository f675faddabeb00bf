//! Plugin: a component by file and digest. Without a namespace it is the platform's, usable by all.

use serde::{Deserialize, Serialize};

use crate::id::Digest;

/// What a plugin is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Where its bytes are.
    pub source: Source,
    /// What they must hash to.
    pub digest: Digest,
}

/// Where a component's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// A file below the manifest's folder: relative, without `..`.
    pub file: String,
}
