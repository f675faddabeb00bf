//! Where everything of an `up` lies, and which tenants and nodes it has. Pure: paths and names, nothing is made here.

use std::path::{Path, PathBuf};

/// The cluster that the agents' certificates name.
pub(super) const CLUSTER: &str = "up";

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its name.
    pub(super) name: String,
    /// What its agent keeps.
    pub(super) data: PathBuf,
}

/// A tenant; its database in the shop and its repository in the registry have its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tenant {
    /// Its name.
    pub(super) name: &'static str,
    /// Its zone.
    pub(super) time_zone: &'static str,
    /// A label of it.
    pub(super) segment: &'static str,
}

/// The tenants: a day apart when it matters, as freezes in each one's own zone show.
pub(super) const TENANTS: [Tenant; 2] = [
    Tenant { name: "acme", time_zone: "Europe/Berlin", segment: "fashion" },
    Tenant { name: "zenith", time_zone: "America/New_York", segment: "grocery" },
];

/// Environments of each tenant, in promotion order; the namespace is `<tenant>-<environment>`.
pub(super) const ENVIRONMENTS: [&str; 2] = ["staging", "prod"];
/// What each tenant releases.
pub(super) const SERVICES: [&str; 1] = ["shop"];

/// The folders and the port.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    dir: PathBuf,
    /// Port of the aggregator.
    pub(super) port: u16,
}

impl Tenant {
    /// The namespace of one of its environments.
    pub(super) fn namespace(&self, environment: &str) -> String {
        format!("{}-{environment}", self.name)
    }
}

impl Plan {
    /// The plan below a folder.
    pub(super) fn new(dir: &Path, port: u16) -> Self {
        Self { dir: dir.to_owned(), port }
    }

    /// The nodes.
    pub(super) fn nodes(&self) -> Vec<Node> {
        ["node-1", "node-2"].map(|name| Node { name: name.to_owned(), data: self.dir.join(name) }).to_vec()
    }

    /// The folder itself.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Says that a folder is one of ours and may be emptied; holds the id of the process that locks it.
    pub(super) fn marker(&self) -> PathBuf {
        self.dir.join(".floorwalker-up")
    }

    /// Manifests and components.
    pub(super) fn catalogue(&self) -> PathBuf {
        self.dir.join("catalogue")
    }

    /// Values of secrets: `<namespace>/<secret>/<key>`.
    pub(super) fn secrets(&self) -> PathBuf {
        self.dir.join("secrets")
    }

    /// The development certificate authority and what it issues.
    pub(super) fn ca(&self) -> PathBuf {
        self.dir.join("ca")
    }

    /// What the aggregator keeps.
    pub(super) fn aggregator(&self) -> PathBuf {
        self.dir.join("aggregator")
    }

    /// What the children write.
    pub(super) fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// Where everything is, for programs.
    pub(super) fn state_file(&self) -> PathBuf {
        self.dir.join("state.json")
    }

    /// Everything that a fresh start removes.
    pub(super) fn own(&self) -> Vec<PathBuf> {
        let mut own =
            vec![self.catalogue(), self.secrets(), self.ca(), self.aggregator(), self.logs(), self.state_file()];
        own.extend(self.nodes().into_iter().map(|node| node.data));
        own
    }
}
