//! A document that was read and holds the rules of its kind: what the catalogue binds. Immutable and shared, so that
//! the next catalogue keeps it for the price of a pointer.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::envelope::{Envelope, Metadata};
use super::kind::Kind;
use super::refusal::{Head, KindName};
use super::{check, freeze_rule, plugin, release_policy, tenant};

/// Where a document was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, relative to the folder.
    pub file: String,
    /// The line it begins on.
    pub line: u32,
}

/// A document of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest<S> {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What it says.
    pub spec: S,
    /// Changes when anything it says changes: 16 hex digits of the SHA-256 of its canonical JSON.
    pub version: String,
    /// Where it was read.
    pub source: Source,
}

/// A document of any kind.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names of the kinds")]
pub enum Document {
    Tenant(Arc<Manifest<tenant::Spec>>),
    Plugin(Arc<Manifest<plugin::Spec>>),
    Check(Arc<Manifest<check::Spec>>),
    FreezeRule(Arc<Manifest<freeze_rule::Spec>>),
    ReleasePolicy(Arc<Manifest<release_policy::Spec>>),
}

// === impl Manifest ===

impl<S: Kind> Manifest<S> {
    /// Takes an envelope whose rules hold.
    pub(super) fn new(envelope: Envelope<S>, source: Source) -> Self {
        let version = version(&envelope);
        Self { metadata: envelope.metadata, spec: envelope.spec, version, source }
    }

    /// What identifies it.
    pub fn head(&self) -> Head {
        Head { kind: S::NAME, namespace: self.metadata.namespace.clone(), name: Some(self.metadata.name.clone()) }
    }

    /// `[namespace/]name`.
    pub fn id(&self) -> String {
        match &self.metadata.namespace {
            Some(namespace) => format!("{namespace}/{}", self.metadata.name),
            None => self.metadata.name.to_string(),
        }
    }
}

fn version<S: Kind>(envelope: &Envelope<S>) -> String {
    let json = serde_json::to_value(envelope).expect("manifests have string keys only");
    let mut text = String::new();
    canonical(&json, &mut text);
    hex::encode(&Sha256::digest(text)[..8])
}

/// JSON without blanks, keys sorted, whatever order the map type keeps.
fn canonical(json: &serde_json::Value, to: &mut String) {
    match json {
        serde_json::Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by_key(|(key, _)| *key);
            to.push('{');
            for (key, value) in keys {
                to.push_str(&serde_json::Value::from(key.as_str()).to_string());
                to.push(':');
                canonical(value, to);
                to.push(',');
            }
            to.push('}');
        }
        serde_json::Value::Array(items) => {
            to.push('[');
            for item in items {
                canonical(item, to);
                to.push(',');
            }
            to.push(']');
        }
        plain => to.push_str(&plain.to_string()),
    }
}

// === impl Document ===

/// Runs an expression on the manifest inside, whatever its kind.
macro_rules! inside {
    ($document:expr, $manifest:ident => $body:expr) => {
        match $document {
            Document::Tenant($manifest) => $body,
            Document::Plugin($manifest) => $body,
            Document::Check($manifest) => $body,
            Document::FreezeRule($manifest) => $body,
            Document::ReleasePolicy($manifest) => $body,
        }
    };
}

impl Document {
    /// What identifies it.
    pub fn head(&self) -> Head {
        inside!(self, manifest => manifest.head())
    }

    /// Its kind.
    pub fn kind(&self) -> KindName {
        self.head().kind
    }

    /// Name, namespace, labels.
    pub fn metadata(&self) -> &Metadata {
        inside!(self, manifest => &manifest.metadata)
    }

    /// Its version.
    pub fn version(&self) -> &str {
        inside!(self, manifest => &manifest.version)
    }

    /// Where it was read.
    pub fn source(&self) -> &Source {
        inside!(self, manifest => &manifest.source)
    }

    /// What a table shows of it.
    pub fn columns(&self) -> Vec<(&'static str, String)> {
        inside!(self, manifest => manifest.spec.columns())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_json_forgets_the_order_of_keys_and_nothing_else() {
        let text = |json: &str| {
            let mut text = String::new();
            canonical(&serde_json::from_str(json).expect("JSON"), &mut text);
            text
        };
        assert_eq!(text(r#"{"b":[1,{"d":2,"c":"x"}],"a":null}"#), text(r#"{"a":null,"b":[1,{"c":"x","d":2}]}"#));
        assert_ne!(text(r#"["a","b"]"#), text(r#"["a,b"]"#));
        assert_ne!(text(r#"{"a":"1"}"#), text(r#"{"a":1}"#));
    }
}
