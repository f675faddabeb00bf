//! Shell: the workspace as `cargo metadata` tells it: members, and who depends on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use crate::launch;

/// The members and everything they need.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Debug, Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

// === impl Workspace ===

impl Workspace {
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let words = ["metadata", "--format-version", "1", "--locked"];
        let text = launch::output(&mut launch::cargo(root, &words))?;
        serde_json::from_str(&text).context("cargo metadata answers in another form")
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Packages that are built to WebAssembly: the plugins and the hostile guests.
    pub(crate) fn components(&self) -> Vec<String> {
        self.members()
            .filter(|package| {
                let folder = package.manifest_path.parent().and_then(Path::parent);
                folder.is_some_and(|folder| folder.ends_with("plugins")) || package.name == "floorwalker-guests"
            })
            .map(|package| package.name.clone())
            .collect()
    }

    /// Names of all packages that `name` links, itself included: normal dependencies of normal dependencies.
    pub(crate) fn linked_by(&self, name: &str) -> BTreeSet<&str> {
        let names: BTreeMap<&str, &str> =
            self.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut open: Vec<&str> =
            self.members().filter(|package| package.name == name).map(|package| package.id.as_str()).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let deps = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
            open.extend(deps.iter().filter(|edge| edge.is_normal()).map(|edge| edge.pkg.as_str()));
        }
        seen.into_iter().filter_map(|id| names.get(id).copied()).collect()
    }
}

// === impl Edge ===

impl Edge {
    fn is_normal(&self) -> bool {
        self.dep_kinds.iter().any(|of| of.kind.is_none())
    }
}
