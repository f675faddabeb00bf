//! A check as an agent gets it. Called by the aggregator's placement and by standalone agents.

use serde_json::Value;
use url::Url;

use super::set::Check;
use crate::frame::{Assignment, SecretRef};
use crate::limits::cut;
use crate::manifest::check::Secret;

/// Keys of a config that name what is probed, in the order in which first-party plugins use them.
const TARGET_KEYS: [&str; 3] = ["url", "baseUrl", "registry"];
/// A metric label: a host name of 253 bytes; a longer origin is cut.
const TARGET_BYTES_MAX: usize = 256;

impl Check {
    /// The check as an agent runs it. `version_of` says which version a secret's value has now, if it has one.
    pub fn assignment(&self, version_of: impl Fn(&Secret) -> Option<String>) -> Assignment {
        let (metadata, spec) = (&self.manifest.metadata, &self.manifest.spec);
        let millis = |span: crate::quantity::Span| u64::try_from(span.0.as_millis()).unwrap_or(u64::MAX);
        let secrets =
            spec.secrets.iter().map(|secret| SecretRef { name: secret.name.to_string(), version: version_of(secret) });
        Assignment {
            check_id: self.id,
            tenant: self.tenant.clone(),
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            environment: self.environment.clone(),
            service: spec.service.clone(),
            labels: metadata.labels.clone(),
            plugin: self.plugin.digest.clone(),
            config: spec.config.clone(),
            secrets: secrets.collect(),
            grants: self.grants.clone(),
            limits: self.limits,
            interval_ms: millis(spec.run_interval),
            timeout_ms: millis(spec.timeout),
            mutating: spec.mutating,
            alert: spec.alert,
            layer: spec.layer,
            target: self.target(),
            version: self.manifest.version.clone(),
        }
    }

    /// What is probed: the origin its config names, else the check's own name. Never a path or a query: they may be secret.
    pub fn target(&self) -> String {
        let config = &self.manifest.spec.config;
        let named = TARGET_KEYS.iter().find_map(|key| config.get(*key).and_then(Value::as_str)).and_then(origin);
        named.unwrap_or_else(|| self.manifest.metadata.name.to_string())
    }
}

fn origin(text: &str) -> Option<String> {
    let origin = Url::parse(text).ok()?.origin();
    origin.is_tuple().then(|| cut(&origin.ascii_serialization(), TARGET_BYTES_MAX).to_owned())
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn a_target_is_an_origin_and_nothing_more() {
        assert_eq!(origin("https://u:p@shop.example/cart?token=x").as_deref(), Some("https://shop.example"));
        assert_eq!(origin("http://127.0.0.1:8069").as_deref(), Some("http://127.0.0.1:8069"));
        assert_eq!(origin("shop"), None);
    }
}
