//! What `up` seeds: manifests of the platform and of two tenants, and the secrets of their journeys. Pure: texts and
//! where they go. The intervals are short, so that a change is seen within seconds.

use api::id::Digest;
use url::Url;

use super::plan::{ENVIRONMENTS, SERVICES, TENANTS, Tenant};
use crate::failure::Failure;

/// What the checks watch.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    pub(super) shop: Url,
    pub(super) registry: Url,
}

/// The plugins: name of the Plugin, and the file a build makes of it.
pub(super) const PLUGINS: [(&str, &str); 4] = [
    ("http-probe", "http_probe.wasm"),
    ("odoo-order", "odoo_order.wasm"),
    ("image-digest", "image_digest.wasm"),
    ("node-baseline", "node_baseline.wasm"),
];

/// Tag of the image that is released.
const TAG: &str = "stable";
/// The Secret that holds the password of a tenant's journey, and its key.
const SECRET: (&str, &str) = ("odoo-synthetic", "password");

/// A file that the node's baseline declares: path and SHA-256 in hex.
pub(super) type BaselineFile = (String, String);

/// Path of a plugin's component below the catalogue.
pub(super) fn component(name: &str) -> String {
    format!("platform/plugins/{name}.wasm")
}

/// The platform's manifests: its plugins, its own check, and its policies.
pub(super) fn platform(digests: &[(&str, Digest)], baseline: Option<&BaselineFile>) -> Vec<(String, String)> {
    let plugins = digests.iter().map(|(name, digest)| {
        document("Plugin", name, None, "", &format!("  source: {{file: {name}.wasm}}\n  digest: \"{digest}\"\n"))
    });
    let (files, grant) = match baseline {
        Some((path, hash)) => (format!("    files: {{{path}: {hash}}}\n"), format!(", {path}")),
        None => (String::new(), String::new()),
    };
    let node = format!(
        "  plugin: node-baseline\n  config:\n    kernel: {{min: \"4.19\"}}\n    sysctls: {{kernel.ostype: Linux}}\n{files}  \
         grants: {{nodeFiles: [/proc/sys/kernel/ostype{grant}]}}\n  runInterval: 30s\n  timeout: 10s\n  \
         placement: {{mode: EveryNode}}\n  alert: {{failures: 1, of: 1, recover: 1}}\n  layer: platform\n"
    );
    let prod = "  match: {environments: [prod]}\n  requirements:\n    checks:\n      \
        - {labels: {journey: order-to-cash}, atLeast: 1}\n      - {labels: {watches: storefront}, atLeast: 1}\n      \
        - {labels: {evidence: image-digest}, atLeast: 1, matchSubject: true}\n";
    let staging = "  match: {environments: [staging]}\n  requirements: none\n";
    vec![
        ("platform/plugins/plugins.yaml".to_owned(), plugins.collect::<Vec<_>>().join("---\n")),
        ("platform/checks.yaml".to_owned(), document("Check", "node-baseline", None, "{area: nodes}", &node)),
        (
            "platform/policies.yaml".to_owned(),
            [
                document("ReleasePolicy", "prod", None, "", prod),
                document("ReleasePolicy", "staging", None, "", staging),
            ]
            .join("---\n"),
        ),
    ]
}

/// A tenant's manifests: itself, and the checks of its shop.
pub(super) fn tenant(tenant: &Tenant, targets: &Targets) -> Result<Vec<(String, String)>, Failure> {
    let (shop, registry) = (origin(&targets.shop)?, origin(&targets.registry)?);
    let Tenant { name, time_zone, segment } = tenant;
    let environments = ENVIRONMENTS
        .map(|environment| format!("    - {{name: {environment}, namespaces: [{name}-{environment}]}}\n"))
        .concat();
    let spec = format!(
        "  timeZone: {time_zone}\n  tier: critical\n  environments:\n{environments}  services: [{}]\n  ceiling:\n    \
         http: [\"{shop}\", \"{registry}\"]\n    addresses: [127.0.0.0/8, \"::1/128\"]\n",
        SERVICES.join(", ")
    );
    let tenant_text = document("Tenant", name, None, &format!("{{segment: {segment}}}"), &spec);
    let checks =
        [storefront(tenant, targets, &shop), journey(tenant, targets, &shop), image(tenant, targets, &registry)];
    Ok(vec![(format!("{name}/tenant.yaml"), tenant_text), (format!("{name}/checks.yaml"), checks.join("---\n"))])
}

/// The values of a tenant's secrets: path below the folder of secrets, and value. The shop's stand-in has these passwords.
pub(super) fn secrets() -> Vec<(String, String)> {
    let of = |tenant: &Tenant| {
        (format!("{}/{}/{}", tenant.namespace("prod"), SECRET.0, SECRET.1), format!("synthetic-{}", tenant.name))
    };
    TENANTS.iter().map(of).collect()
}

fn storefront(tenant: &Tenant, targets: &Targets, shop: &str) -> String {
    let url = trimmed(&targets.shop);
    let spec = format!(
        "  plugin: http-probe\n  service: shop\n  config:\n    url: {url}/web/health\n    status: [200]\n    \
         latencyMs: {{warn: 1000, fail: 5000}}\n  grants: {{http: [\"{shop}\"]}}\n  runInterval: 5s\n  timeout: 5s\n  \
         placement: {{mode: EveryNode}}\n  alert: {{failures: 2, of: 3, recover: 1}}\n  tier: critical\n"
    );
    document("Check", "storefront", Some(&tenant.namespace("prod")), "{watches: storefront}", &spec)
}

fn journey(tenant: &Tenant, targets: &Targets, shop: &str) -> String {
    let (url, (secret, key)) = (trimmed(&targets.shop), SECRET);
    let spec = format!(
        "  plugin: odoo-order\n  service: shop\n  config:\n    baseUrl: {url}\n    database: {}\n    login: synthetic\n    \
         passwordSecret: odoo-password\n    partner: {{ref: synthetic-probe}}\n    product: {{code: SYN-PROBE}}\n  \
         secrets: [{{name: odoo-password, from: {{secret: {secret}, key: {key}}}}}]\n  grants: {{http: [\"{shop}\"]}}\n  \
         runInterval: 5s\n  timeout: 5s\n  placement: {{mode: Once}}\n  mutating: true\n  \
         alert: {{failures: 2, of: 3, recover: 1}}\n  tier: critical\n  layer: business\n",
        tenant.name
    );
    document("Check", "order-journey", Some(&tenant.namespace("prod")), "{journey: order-to-cash}", &spec)
}

fn image(tenant: &Tenant, targets: &Targets, registry: &str) -> String {
    let url = trimmed(&targets.registry);
    let authority = registry.split_once("://").map_or(registry, |(_, authority)| authority);
    let spec = format!(
        "  plugin: image-digest\n  service: shop\n  config:\n    registry: {url}\n    repository: {}/shop\n    tag: {TAG}\n    \
         allowedRegistries: [\"{authority}\"]\n  grants: {{http: [\"{registry}\"]}}\n  runInterval: 5s\n  timeout: 5s\n  \
         placement: {{mode: Once}}\n  alert: {{failures: 2, of: 3, recover: 1}}\n  layer: platform\n",
        tenant.name
    );
    document("Check", "image", Some(&tenant.namespace("prod")), "{evidence: image-digest}", &spec)
}

fn document(kind: &str, name: &str, namespace: Option<&str>, labels: &str, spec: &str) -> String {
    let namespace = namespace.map_or(String::new(), |namespace| format!(", namespace: {namespace}"));
    let labels = if labels.is_empty() { String::new() } else { format!(", labels: {labels}") };
    format!(
        "apiVersion: floorwalker.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{namespace}{labels}}}\nspec:\n{spec}"
    )
}

fn trimmed(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// `scheme://host:port`, the port always written.
fn origin(url: &Url) -> Result<String, Failure> {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) if matches!(url.scheme(), "http" | "https") => {
            Ok(format!("{}://{host}:{port}", url.scheme()))
        }
        _ => Err(Failure::Usage(format!("{url} is not an http or https address"))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::catalogue::{self, Catalogue, DescribedPlugin, DescribedPlugins};
    use api::manifest::FileText;

    use super::*;

    #[test]
    fn everything_seeded_is_taken() {
        let targets = Targets {
            shop: "http://127.0.0.1:8069".parse().expect("an address"),
            registry: "http://127.0.0.1:5000/".parse().expect("an address"),
        };
        let digests = PLUGINS.map(|(name, _)| (name, Digest::of(name.as_bytes())));
        let mut files = platform(&digests, Some(&("/usr/lib/os-release".to_owned(), "ab".repeat(32))));
        for one in &TENANTS {
            files.extend(tenant(one, &targets).expect("manifests"));
        }
        let texts: Vec<_> = files.into_iter().map(|(path, text)| FileText { path, text: Ok(text) }).collect();
        let described: DescribedPlugins =
            digests.iter().map(|(name, digest)| (digest.clone(), Ok(described(name, digest)))).collect();
        let catalogue = catalogue::next(&Catalogue::default(), &texts, &described);
        assert_eq!(catalogue.refused, []);
        assert_eq!((catalogue.tenants.len(), catalogue.checks.len(), catalogue.policies.len()), (2, 7, 2));
    }

    /// What the plugins say of themselves, without their schemas: those are held against real components elsewhere.
    fn described(name: &str, digest: &Digest) -> Arc<DescribedPlugin> {
        let answer = serde_json::json!({"name": name, "version": "1", "kind": "probe", "config": {"type": "object"},
            "capabilities": ["http", "secrets", "state", "node", if name == "odoo-order" { "ledger" } else { "state" }]});
        Arc::new(DescribedPlugin::parse(digest.clone(), &answer.to_string()).expect("described"))
    }
}
