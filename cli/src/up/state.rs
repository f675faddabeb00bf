//! Shell: `state.json`: where everything is and how to get in. Read by the story, by tests, and by whoever tries things out.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;

/// The whole document.
#[derive(Clone, Debug, Serialize)]
pub(super) struct State {
    pub(super) aggregator: Aggregator,
    /// Manifests dropped here take effect.
    pub(super) catalogue_dir: String,
    pub(super) tenants: Vec<Tenant>,
    pub(super) agents: Vec<Agent>,
    pub(super) shop: Part,
    pub(super) registry: Part,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Aggregator {
    pub(super) url: String,
    pub(super) ca_file: String,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Tenant {
    pub(super) name: String,
    /// The namespace of its most protected environment.
    pub(super) namespace: String,
    pub(super) time_zone: String,
    pub(super) environments: Vec<String>,
    pub(super) services: Vec<String>,
    pub(super) tokens: Tokens,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Tokens {
    pub(super) viewer: String,
    pub(super) pipeline: String,
    pub(super) tenant_admin: String,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Agent {
    pub(super) node: String,
    pub(super) metrics_url: String,
    pub(super) pid: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Part {
    pub(super) url: String,
}

impl State {
    /// Writes it for its owner alone, whole or not at all: whoever waits for the file finds it complete.
    pub(super) fn write(&self, file: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::here("the state is no JSON", &error))?;
        let beside = file.with_extension("new");
        let written = private(&beside, text.as_bytes()).and_then(|()| fs::rename(&beside, file));
        written.map_err(|error| Failure::here(format!("{} cannot be written", file.display()), &error))
    }
}

/// Writes a file that only its owner reads.
pub(super) fn private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut open = fs::OpenOptions::new();
    open.write(true).create(true).truncate(true).mode(0o600).open(file)?.write_all(bytes)
}
