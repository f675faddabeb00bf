//! Which of our crates may depend on which, and what must not be linked where. Pure, on `cargo metadata`.

use super::Violation;
use crate::tree::{Package, Workspace};

const RULE: &str = "layers";

/// The only edges between our crates, normal dependencies. `tests` and `bench` may use everything.
const EDGES: [(&str, &[&str]); 12] = [
    ("floorwalker-api", &[]),
    ("floorwalker-policy", &["floorwalker-api"]),
    ("floorwalker-process", &[]),
    ("floorwalker-sdk", &[]),
    ("floorwalker-guests", &["floorwalker-sdk"]),
    ("floorwalker-host", &["floorwalker-api"]),
    ("floorwalker-compile", &["floorwalker-api", "floorwalker-host"]),
    ("floorwalker-agent", &["floorwalker-api", "floorwalker-host", "floorwalker-process"]),
    ("floorwalker-aggregator", &["floorwalker-api", "floorwalker-policy", "floorwalker-process"]),
    (
        "floorwalker-cli",
        &["floorwalker-agent", "floorwalker-api", "floorwalker-host", "floorwalker-policy", "floorwalker-process"],
    ),
    ("floorwalker-shop", &[]),
    ("xtask", &[]),
];

/// Crates that prove the others.
const FREE: [&str; 3] = ["floorwalker-tests", "floorwalker-fuzz", "floorwalker-bench"];

/// What a crate must not link, through any number of steps. Cranelift is the matter of `linkage`: metadata unifies the
/// features of the whole workspace.
const UNLINKED: [(&str, &[&str]); 5] = [
    ("floorwalker-api", &PURE_LINKS_NO),
    ("floorwalker-policy", &PURE_LINKS_NO),
    ("floorwalker-host", &["kube", "k8s-openapi", "rusqlite"]),
    ("floorwalker-agent", &["rusqlite", "tokio-postgres", "floorwalker-aggregator"]),
    ("floorwalker-aggregator", &["wasmtime", "floorwalker-agent"]),
];

const PURE_LINKS_NO: [&str; 9] =
    ["tokio", "hyper", "axum", "reqwest", "kube", "wasmtime", "rusqlite", "tokio-postgres", "notify"];

pub(crate) fn check(workspace: &Workspace) -> Vec<Violation> {
    let ours: Vec<&str> = workspace.members().map(|package| package.name.as_str()).collect();
    let mut found: Vec<Violation> = workspace.members().flat_map(|package| edges(package, &ours)).collect();
    for (name, banned) in UNLINKED {
        let linked = workspace.linked_by(name);
        for library in banned.iter().filter(|library| linked.contains(**library)) {
            let remedy = format!("{name} links {library}: see `cargo tree -p {name} -e normal -i {library}`");
            found.push(Violation::new("Cargo.lock", 1, RULE, remedy));
        }
    }
    found
}

fn edges(package: &Package, ours: &[&str]) -> Vec<Violation> {
    let name = package.name.as_str();
    if FREE.contains(&name) {
        return Vec::new();
    }
    let is_plugin = package.manifest_path.components().any(|part| part.as_os_str() == "plugins");
    let allowed = if is_plugin {
        &["floorwalker-sdk"][..]
    } else {
        match EDGES.iter().find(|(crate_name, _)| *crate_name == name) {
            Some((_, allowed)) => allowed,
            None => {
                let remedy = format!("{name} has no line in the table of tidy's layers: say what it may use");
                return vec![Violation::new("Cargo.toml", 1, RULE, remedy)];
            }
        }
    };
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind.is_none());
    normal
        .map(|dependency| dependency.name.as_str())
        .filter(|dependency| ours.contains(dependency) && !allowed.contains(dependency))
        .map(|dependency| {
            let remedy = format!("{name} may not depend on {dependency}: ARCHITECTURE.md draws who may");
            Violation::new(package.manifest_path.to_string_lossy(), 1, RULE, remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(agent_needs: &str) -> Workspace {
        let package = |name: &str, needs: &str| {
            format!(
                r#"{{"id":"{name}","name":"{name}","manifest_path":"{name}/Cargo.toml",
                    "dependencies":[{{"name":"{needs}","kind":null}}]}}"#
            )
        };
        let node = |name: &str, needs: &str| {
            format!(r#"{{"id":"{name}","deps":[{{"pkg":"{needs}","dep_kinds":[{{"kind":null}}]}}]}}"#)
        };
        let text = format!(
            r#"{{"packages":[{},{},{}],"workspace_members":["floorwalker-agent","floorwalker-process","floorwalker-aggregator"],
                "resolve":{{"nodes":[{},{}]}}}}"#,
            package("floorwalker-agent", agent_needs),
            package("floorwalker-process", "serde"),
            package("floorwalker-aggregator", "serde"),
            node("floorwalker-agent", agent_needs),
            node("floorwalker-process", "serde"),
        );
        serde_json::from_str(&text).expect("metadata's form")
    }

    #[test]
    fn an_edge_of_the_table_passes() {
        assert!(check(&workspace("floorwalker-process")).is_empty());
    }

    #[test]
    fn any_other_edge_is_named() {
        let found = check(&workspace("floorwalker-aggregator"));
        assert_eq!(found.len(), 2, "the edge, and what it links: {found:?}");
        assert!(found.iter().any(|violation| violation.remedy.contains("may not depend on")));
    }

    #[test]
    fn plugins_know_the_sdk_alone() {
        let text = r#"{"id":"p","name":"probe","manifest_path":"plugins/probe/Cargo.toml",
            "dependencies":[{"name":"floorwalker-host","kind":null},{"name":"floorwalker-sdk","kind":null}]}"#;
        let package: Package = serde_json::from_str(text).expect("metadata's form");
        assert_eq!(edges(&package, &["floorwalker-host", "floorwalker-sdk"]).len(), 1);
    }
}
