//! A fact about a subject that a release policy may ask for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a check saw of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Evidence {
    /// Kind, such as `image-digest`.
    pub kind: String,
    /// What it is about: a `sha256:` digest.
    pub subject: String,
    /// When it was seen, RFC 3339 in UTC, by the source's clock.
    pub observed_at: String,
    /// What else is known, such as repository and tag.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}
