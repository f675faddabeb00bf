//! The catalogue's metrics. Set with each catalogue that is published.

use std::collections::{BTreeMap, BTreeSet};

use api::catalogue::Catalogue;
use api::manifest::KindName;
use prometheus::{IntGaugeVec, Registry, register_int_gauge_vec_with_registry};

/// Gauges of the catalogue.
#[derive(Clone, Debug)]
pub struct Metrics {
    documents: IntGaugeVec,
}

/// A document whose kind cannot be read.
const UNREADABLE: &str = "unreadable";

impl Metrics {
    /// Registers the gauges.
    ///
    /// # Errors
    /// A name is taken already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let documents = register_int_gauge_vec_with_registry!(
            "floorwalker_catalogue_documents",
            "Manifest documents by kind, in force or refused.",
            &["kind", "state"],
            registry
        )?;
        Ok(Self { documents })
    }

    /// Sets what is in force and what is refused.
    pub(super) fn published(&self, catalogue: &Catalogue) {
        let in_force = |kind: KindName| match kind {
            KindName::Tenant => catalogue.tenants.len(),
            KindName::Plugin => catalogue.plugins.len(),
            KindName::Check => catalogue.checks.len(),
            KindName::FreezeRule => catalogue.rules.len(),
            KindName::ReleasePolicy => catalogue.policies.len(),
        };
        let refused = refused(catalogue);
        for kind in KindName::ALL {
            self.set(kind.as_str(), "in-force", in_force(kind));
            self.set(kind.as_str(), "refused", refused.get(kind.as_str()).copied().unwrap_or(0));
        }
        self.set(UNREADABLE, "refused", refused.get(UNREADABLE).copied().unwrap_or(0));
    }

    fn set(&self, kind: &str, state: &str, count: usize) {
        self.documents.with_label_values(&[kind, state]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

/// Documents, not faults: one with three faults is one document. Where no head is readable, a file and line stand for it.
fn refused(catalogue: &Catalogue) -> BTreeMap<&'static str, usize> {
    let mut documents = BTreeSet::new();
    for refusal in &catalogue.refused {
        let kind = refusal.head.as_ref().map_or(UNREADABLE, |head| head.kind.as_str());
        let name = match &refusal.head {
            Some(head) => head.to_string(),
            None => refusal.line.to_string(),
        };
        documents.insert((kind, refusal.file.as_str(), name));
    }
    let mut counts = BTreeMap::new();
    for (kind, ..) in documents {
        *counts.entry(kind).or_default() += 1;
    }
    counts
}
