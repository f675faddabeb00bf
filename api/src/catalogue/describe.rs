//! What a plugin says of itself: the answer of its `describe`, read once per component. The compiler's child asks it;
//! aggregator, standalone agents and `check validate` keep the answers by digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::schema::{ConfigSchema, SchemaError};
use crate::frame::ContractKind;
use crate::id::Digest;
use crate::limits::{DESCRIBE_BYTES_MAX, cut};

/// Capabilities a plugin may ask for: there are eight, and the contract may grow.
const CAPABILITIES_MAX: usize = 32;
/// A name or a version: twice a DNS label, or a version with a commit's hash.
const NAME_BYTES_MAX: usize = 128;

/// Answers by component; an `Err` says why there is none.
pub type DescribedPlugins = BTreeMap<Digest, Result<Arc<DescribedPlugin>, String>>;

/// A component that was asked.
#[derive(Debug)]
pub struct DescribedPlugin {
    /// Its component.
    pub digest: Digest,
    /// Its own name of itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is.
    pub kind: ContractKind,
    /// Capabilities it asks for, such as `http`; one WIT interface each.
    pub capabilities: Vec<String>,
    /// What its `config` must look like.
    pub(super) config: ConfigSchema,
}

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// Too long.
    #[error("describe answered {0} bytes, {DESCRIBE_BYTES_MAX} are taken")]
    Length(usize),
    /// Not the JSON of the contract.
    #[error("describe is not {{name, version, kind, config, capabilities}}")]
    Form(#[from] serde_json::Error),
    /// A name, a version or a capability is too long, or there are too many.
    #[error("describe names {0} beyond its limit")]
    Names(&'static str),
    /// The schema of its configuration is not taken.
    #[error("the schema of config is not taken")]
    Schema(#[from] SchemaError),
}

/// The answer on the wire. Fields may be added, so unknown ones are ignored.
#[derive(Deserialize)]
struct Answer {
    name: String,
    version: String,
    kind: ContractKind,
    config: serde_json::Value,
    #[serde(default)]
    capabilities: Vec<String>,
}

impl DescribedPlugin {
    /// Reads the answer of the component with this digest.
    ///
    /// # Errors
    /// The answer is not the contract's, or its schema is over a limit.
    pub fn parse(digest: Digest, answer: &str) -> Result<Self, DescribeError> {
        if answer.len() > DESCRIBE_BYTES_MAX {
            return Err(DescribeError::Length(answer.len()));
        }
        let Answer { name, version, kind, config, capabilities } = serde_json::from_str(answer)?;
        if name.len() > NAME_BYTES_MAX || version.len() > NAME_BYTES_MAX {
            return Err(DescribeError::Names("a name or a version"));
        }
        if capabilities.len() > CAPABILITIES_MAX || capabilities.iter().any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(DescribeError::Names("capabilities"));
        }
        Ok(Self { digest, name, version, kind, capabilities, config: ConfigSchema::compile(&config)? })
    }

    /// Whether it asks for a capability.
    pub fn asks(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|asked| asked == capability)
    }

    /// One line for a person: why an answer was not taken, with its cause.
    pub fn complaint(error: &DescribeError) -> String {
        let cause = std::error::Error::source(error).map_or(String::new(), |cause| format!(": {cause}"));
        cut(&format!("{error}{cause}"), crate::limits::TEXT_BYTES_MAX).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_and_may_grow() {
        let answer = r#"{"name": "p", "version": "1", "kind": "probe", "config": {"type": "object"}, "capabilities": ["http"], "new": 1}"#;
        let plugin = DescribedPlugin::parse(Digest::of(b""), answer).expect("described");
        assert!(plugin.asks("http") && !plugin.asks("node"));
    }

    #[test]
    fn nonsense_is_refused_with_its_cause() {
        for answer in [
            "",
            "{}",
            r#"{"name": "p", "version": "1", "kind": "spell", "config": {}}"#,
            r#"{"name": "p", "version": "1", "kind": "probe", "config": {"type": 3}}"#,
        ] {
            let error = DescribedPlugin::parse(Digest::of(b""), answer).expect_err(answer);
            assert!(DescribedPlugin::complaint(&error).contains(": "), "{error}");
        }
        assert!(matches!(
            DescribedPlugin::parse(Digest::of(b""), &" ".repeat(DESCRIBE_BYTES_MAX + 1)),
            Err(DescribeError::Length(_))
        ));
    }
}
