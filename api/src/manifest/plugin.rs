//! Plugin: a component by file and digest. Without a namespace it is the platform's, usable by all.

use serde::{Deserialize, Serialize};

use super::envelope::Metadata;
use super::kind::Kind;
use super::refusal::{Fault, KindName};
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

impl Kind for Spec {
    const NAME: KindName = KindName::Plugin;

    fn validate(&self, _: &Metadata) -> Vec<Fault> {
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        let file = &self.source.file;
        if file.split('/').all(plain) && !file.contains(['\\', '\0']) {
            return vec![];
        }
        let message = "is not a relative path below the manifest's folder";
        vec![Fault::new("spec.source.file", message, "write a path without a leading `/`, `.` and `..`")]
    }

    fn columns(&self) -> Vec<(&'static str, String)> {
        vec![("FILE", self.source.file.clone()), ("DIGEST", self.digest.to_string())]
    }
}
