//! What `check run` puts beside a file so that one check of it stands alone: a tenant that allows what the check asks
//! for where the file has none, and a Plugin for a component that was given by hand. Pure: from texts to texts.

use std::sync::Arc;

use api::id::{CheckId, Digest};
use api::manifest::{Document, FileText, Manifest, check, read_file};

/// The check to run.
pub(super) struct Chosen {
    /// Its id.
    pub(super) id: CheckId,
    /// What was written.
    pub(super) manifest: Arc<Manifest<check::Spec>>,
}

/// Comes before every path of a file, so that what it holds is in force.
const FIRST: &str = "";
/// Comes after: a tenant of the file is in force before one that is made up.
const LAST: &str = "\u{10ffff}";
const HEAD: &str = "apiVersion: floorwalker.dev/v1alpha1\n";

/// The check of that name, or the only one.
pub(super) fn choose(text: &FileText, name: Option<&str>) -> Result<Chosen, String> {
    let (mut checks, mut refused) = (vec![], vec![]);
    for read in read_file(text) {
        match read {
            Ok(Document::Check(manifest)) => checks.push(manifest),
            Ok(_) => {}
            Err(refusal) => refused.push(refusal.to_string()),
        }
    }
    // What is refused may be the tenant that bounds the check, and without it more would be allowed.
    if !refused.is_empty() {
        return Err(refused.join("\n"));
    }
    let names: Vec<_> = checks.iter().map(|manifest| manifest.metadata.name.to_string()).collect();
    let mut wanted =
        checks.into_iter().filter(|manifest| name.is_none_or(|name| manifest.metadata.name.as_str() == name));
    match (wanted.next(), wanted.next()) {
        (Some(manifest), None) => {
            let id = CheckId::of(manifest.metadata.namespace.as_ref(), &manifest.metadata.name);
            Ok(Chosen { id, manifest })
        }
        (Some(_), Some(_)) => {
            Err(format!("{} holds several checks: give --name, one of {}", text.path, names.join(", ")))
        }
        (None, _) => Err(format!("{} holds no such check; it holds: {}", text.path, names.join(", "))),
    }
}

/// Files to put beside the one that holds the check. `component` is that of a component given by hand.
pub(super) fn beside(text: &FileText, chosen: &Chosen, component: Option<&Digest>) -> Result<Vec<FileText>, String> {
    let mut texts = vec![];
    if let Some(digest) = component {
        texts.push(FileText { path: FIRST.to_owned(), text: Ok(plugin(chosen, digest)) });
    }
    texts.extend(tenant(text, chosen)?.map(|tenant| FileText { path: LAST.to_owned(), text: Ok(tenant) }));
    Ok(texts)
}

/// The Plugin in the check's own namespace, where it is found first.
fn plugin(chosen: &Chosen, digest: &Digest) -> String {
    let (metadata, name) = (&chosen.manifest.metadata, &chosen.manifest.spec.plugin);
    let namespace =
        metadata.namespace.as_ref().map_or(String::new(), |namespace| format!(", namespace: \"{namespace}\""));
    format!(
        "{HEAD}kind: Plugin\nmetadata: {{name: \"{name}\"{namespace}}}\nspec: {{source: {{file: given}}, digest: \"{digest}\"}}\n"
    )
}

/// A tenant for the namespace of a check in a file without tenants. It opens every address: it is the author's own
/// machine. Tenants of a file count, so one of them has to bind the namespace.
fn tenant(text: &FileText, chosen: &Chosen) -> Result<Option<String>, String> {
    let Some(namespace) = &chosen.manifest.metadata.namespace else { return Ok(None) };
    let binds = |document: &Document| match document {
        Document::Tenant(tenant) => {
            Some(tenant.spec.environments.iter().any(|environment| environment.namespaces.contains(namespace)))
        }
        _ => None,
    };
    let tenants: Vec<bool> = read_file(text).iter().filter_map(|read| binds(read.as_ref().ok()?)).collect();
    if tenants.contains(&true) {
        return Ok(None);
    }
    if !tenants.is_empty() {
        return Err(format!(
            "no Tenant of {} binds the namespace `{namespace}`: add it to spec.environments",
            text.path
        ));
    }
    let spec = &chosen.manifest.spec;
    let quoted = |items: Vec<String>| items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ");
    // All that is granted, under the same names; JSON is YAML.
    let mut ceiling = serde_json::to_value(&spec.grants).map_err(|error| error.to_string())?;
    ceiling["addresses"] = serde_json::json!(["0.0.0.0/0", "::/0"]);
    let service = quoted(spec.service.iter().map(ToString::to_string).collect());
    Ok(Some(format!(
        "{HEAD}kind: Tenant\nmetadata: {{name: local}}\nspec:\n  timeZone: UTC\n  environments: [{{name: local, namespaces: [\"{namespace}\"]}}]\n  \
         services: [{service}]\n  ceiling: {ceiling}\n"
    )))
}

#[cfg(test)]
mod tests {
    use api::catalogue::{self, Catalogue, DescribedPlugin};

    use super::*;

    const CHECK: &str = "apiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {name: c, namespace: acme-prod}\nspec:\n  plugin: p\n  \
        service: shop\n  runInterval: 60s\n  timeout: 10s\n  grants: {http: [\"https://shop.example:443\"]}\n";

    fn file(text: &str) -> FileText {
        FileText { path: "check.yaml".to_owned(), text: Ok(text.to_owned()) }
    }

    #[test]
    fn a_check_without_its_tenant_and_plugin_stands_alone() {
        let text = file(CHECK);
        let chosen = choose(&text, None).unwrap_or_else(|why| panic!("{why}"));
        let digest = Digest::of(b"component");
        let answer = r#"{"name": "p", "version": "1", "kind": "probe", "config": {}, "capabilities": ["http"]}"#;
        let described = DescribedPlugin::parse(digest.clone(), answer).expect("described");
        let mut texts = beside(&text, &chosen, Some(&digest)).expect("it stands alone");
        texts.push(text);
        let catalogue = catalogue::next(&Catalogue::default(), &texts, &[(digest, Ok(Arc::new(described)))].into());
        assert_eq!(catalogue.refused, []);
        let grants = &catalogue.checks[&chosen.id].grants;
        assert!(grants.allow_http(&"https://shop.example:443".parse().expect("an origin")).is_ok());
        assert!(grants.allow_special_address("127.0.0.1".parse().expect("an address")).is_ok());
    }

    #[test]
    fn the_files_own_tenant_is_the_one_that_counts() {
        let tenant = "apiVersion: floorwalker.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec:\n  timeZone: UTC\n  \
            environments: [{name: prod, namespaces: [acme-prod]}]\n  services: []\n";
        let text = file(&format!("{CHECK}---\n{tenant}"));
        let chosen = choose(&text, Some("c")).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(beside(&text, &chosen, None), Ok(vec![]));
        let elsewhere = file(&format!("{CHECK}---\n{}", tenant.replace("acme-prod", "acme-test")));
        assert!(beside(&elsewhere, &chosen, None).is_err_and(|why| why.contains("`acme-prod`")), "it allows nothing");
        let broken = file(&format!("{CHECK}---\n{tenant}  ceilng: {{}}\n"));
        assert!(choose(&broken, None).err().is_some_and(|why| why.contains("ceilng")), "nor does one nobody can read");
    }

    #[test]
    fn one_of_several_is_named() {
        let two = file(&format!("{CHECK}---\n{}", CHECK.replace("name: c,", "name: d,")));
        assert!(choose(&two, None).err().is_some_and(|why| why.ends_with("one of c, d")));
        assert!(choose(&two, Some("d")).is_ok());
        assert!(choose(&two, Some("e")).is_err());
    }
}
