//! What every document begins with. Own types, because the derived ones of Kubernetes clients accept unknown metadata
//! and a wrong kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{Namespace, ObjectName};

/// The API version of every document of ours.
pub const API_VERSION: &str = "floorwalker.dev/v1alpha1";

/// A document around its spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope<S> {
    /// `floorwalker.dev/v1alpha1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What the kind says.
    pub spec: S,
}

/// Who a document is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The name, unique per kind and namespace.
    pub name: ObjectName,
    /// The namespace; absent for the platform's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// Labels, for selectors.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations, for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}
