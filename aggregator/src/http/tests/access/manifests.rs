//! Catalogues of the lists: tenants that each have a plugin, a secret and a policy of their own.

use std::sync::Arc;

use api::catalogue::{Catalogue, DescribedPlugin, DescribedPlugins, next};
use api::id::Digest;
use api::manifest::FileText;

use super::super::stand::Stand;

/// What a check's `key` is worth.
pub(super) const SECRET: &str = "hunter2";

/// Manifests as they grow.
#[derive(Clone, Default)]
pub(super) struct Manifests {
    documents: Vec<String>,
    components: Vec<Vec<u8>>,
}

/// The bytes of a plugin that only `<tenant>/<name>` uses.
pub(super) fn component(tenant: &str, name: &str) -> Vec<u8> {
    format!("the component of {tenant}'s {name}").into_bytes()
}

impl Manifests {
    /// A tenant with one environment, a service, a freeze and a policy that asks for nothing.
    pub(super) fn tenant(mut self, name: &str) -> Self {
        let environments = format!("environments: [{{name: prod, namespaces: [{name}-prod]}}]");
        let own = format!(", namespace: {name}-prod");
        self.document("Tenant", name, "", &format!("timeZone: Europe/Berlin, services: [shop, erp], {environments}"));
        self.document("ReleasePolicy", "prod", &own, "requirements: none");
        let when = "when: {timezone: tenant-local, once: [{from: 2020-01-01T00:00, to: 2020-01-02T00:00}]}";
        self.document("FreezeRule", "past", &own, &format!("owner: {name}, effect: deny, match: {{}}, {when}"));
        self
    }

    /// A check of a tenant, mutating, on one node, with a plugin and a secret that no other check has.
    pub(super) fn check(mut self, tenant: &str, name: &str) -> Self {
        let own = format!(", namespace: {tenant}-prod");
        let bytes = component(tenant, name);
        let source = format!("source: {{file: p.wasm}}, digest: \"{}\"", Digest::of(&bytes));
        self.document("Plugin", name, &own, &source);
        let secrets = format!("secrets: [{{name: key, from: {{secret: {name}, key: k}}}}]");
        let spec = format!(
            "plugin: {name}, service: shop, runInterval: 60s, timeout: 10s, placement: {{mode: Once}}, mutating: true, {secrets}"
        );
        self.document("Check", name, &own, &spec);
        self.components.push(bytes);
        self
    }

    /// The same without a check.
    pub(super) fn without(mut self, name: &str) -> Self {
        let head = head("Check", &format!("{name},"));
        self.documents.retain(|document| !document.contains(&head));
        self
    }

    /// What the aggregator makes of them.
    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        let describe = r#"{"name": "p", "version": "1", "kind": "journey", "config": {"type": "object"},
            "capabilities": ["secrets", "http"]}"#;
        let described = |bytes: &Vec<u8>| {
            let digest = Digest::of(bytes);
            let plugin = DescribedPlugin::parse(digest.clone(), describe).expect("described");
            (digest, Ok(Arc::new(plugin)))
        };
        let described: DescribedPlugins = self.components.iter().map(described).collect();
        let texts = [FileText { path: "all.yaml".into(), text: Ok(self.documents.join("---\n")) }];
        let made = next(&Catalogue::default(), &texts, &described);
        assert!(made.refused.is_empty(), "{:?}", made.refused);
        Arc::new(made)
    }

    /// A stand with these, their components and the values of their secrets.
    pub(super) async fn stand(&self) -> Stand {
        let stand = Stand::with(self.catalogue()).await;
        self.keep(&stand);
        stand
    }

    /// Their components and the values of their secrets.
    pub(super) fn keep(&self, stand: &Stand) {
        for bytes in &self.components {
            stand.keep_component(bytes);
        }
        for check in self.catalogue().checks.values() {
            let metadata = &check.manifest.metadata;
            let namespace = metadata.namespace.as_ref().expect("a tenant's");
            stand.keep_secret(&format!("{namespace}/{}/k", metadata.name), SECRET);
        }
    }

    fn document(&mut self, kind: &str, name: &str, namespace: &str, spec: &str) {
        let head = head(kind, name);
        self.documents.push(format!("apiVersion: floorwalker.dev/v1alpha1\n{head}{namespace}}}\nspec: {{{spec}}}\n"));
    }
}

fn head(kind: &str, name: &str) -> String {
    format!("kind: {kind}\nmetadata: {{name: {name}")
}
