//! Shell: one run of one check on a person's machine, by the path of a node: compiled by the child, linked, run under the
//! same limits, judged by the same rules. Called by the command line's `check run`; nothing is reported anywhere.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use api::frame::{Assignment, PluginState, SecretRef, SecretValue, Secrets};
use api::id::Digest;
use process::clock::SystemClock;
use prometheus::Registry;

use crate::disk::{self, DiskError};
use crate::plugin::artefact::{self, Artefacts, OpenError};
use crate::plugin::error::ArtefactError;
use crate::plugin::table::Plugins;
use crate::run::backend::secrets::Vault;
use crate::run::lease::Leases;
use crate::run::{self, BuildError, Inputs, Job, Ran};

/// What a local run needs of the machine.
#[derive(Clone, Debug)]
pub struct Config {
    /// For compiled plugins, state and ledgers; kept, a second run is faster and cleans up after the first.
    pub folder: PathBuf,
    /// `floorwalker-compile`.
    pub compiler: PathBuf,
    /// What the machine is called in facts.
    pub node: String,
}

/// A workplace for local runs.
pub struct Local {
    config: Config,
    artefacts: Artefacts,
}

/// Why there is no local run.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The folder is not usable.
    #[error("the folder for local runs is not usable")]
    Disk(#[from] DiskError),
    /// No sandbox, or no place for plugins.
    #[error("plugins cannot be run here")]
    Open(#[from] OpenError),
    /// The machine is not usable.
    #[error("nothing can be run here")]
    Build(#[from] BuildError),
    /// The plugin is none.
    #[error("the plugin is not usable")]
    Plugin(#[from] ArtefactError),
}

// === impl Local ===

impl Local {
    /// Prepares the folder and the sandbox.
    ///
    /// # Errors
    /// The folder or the sandbox is not usable.
    pub fn open(config: Config) -> Result<Self, LocalError> {
        disk::folder(&config.folder)?;
        let Config { folder, compiler, node: _ } = config.clone();
        let artefacts = artefact::Config { folder, compiler, engine: host::engine::Config::SINGLE };
        let artefacts = Artefacts::open(artefacts, &Registry::new())?;
        Ok(Self { config, artefacts })
    }

    /// Compiles a component and gives what it says of itself: JSON for `api::catalogue::DescribedPlugin`.
    ///
    /// # Errors
    /// The compiler refuses it.
    pub async fn describe(&self, component: &[u8]) -> Result<String, LocalError> {
        Ok(self.artefacts.compile(&Digest::of(component), component).await?)
    }

    /// Runs a check once, now. `component` are the bytes of its plugin; `secrets` its values by the plugin's names.
    /// A mutating check runs without a lease: whoever asks for it here stands for it.
    ///
    /// # Errors
    /// The plugin does not load, or the machine gives no sandbox. Whatever the run does is a result.
    pub async fn run(
        &self,
        assignment: Assignment,
        component: &[u8],
        secrets: BTreeMap<String, Vec<u8>>,
    ) -> Result<Ran, LocalError> {
        let clock = SystemClock::shared();
        let digest = Digest::of(component);
        let plugin = match self.artefacts.load(&digest).await? {
            Some(plugin) => plugin,
            None => {
                self.artefacts.compile(&digest, component).await?;
                self.artefacts.load_compiled(&digest).await?
            }
        };
        let plugins = Plugins::new(None, Arc::clone(&clock));
        plugins.to_prepare(&[digest.clone()].into());
        plugins.advance(&digest, PluginState::Ready, Some(plugin));
        let vault = Vault::default();
        let assignment = with_secrets(assignment, digest, secrets, &vault);
        let Config { folder, compiler: _, node } = self.config.clone();
        let config = run::Config { folder, node, node_root: "/".into(), target_ca: None };
        let leases = Leases::new(None, Arc::clone(&clock));
        let inputs = Inputs { plugins, vault, leases, clock: Arc::clone(&clock) };
        let runner = run::build(config, inputs, &Registry::new())?;
        let scheduled_at_ms = u64::try_from(clock.wall_ms()).unwrap_or(0);
        Ok(runner.run(Job { assignment: Arc::new(assignment), scheduled_at_ms }).await)
    }
}

/// Gives the values to the vault under a version of their own, and the assignment the names.
fn with_secrets(
    assignment: Assignment,
    plugin: Digest,
    values: BTreeMap<String, Vec<u8>>,
    vault: &Vault,
) -> Assignment {
    let version = "local".to_owned();
    let names = values.keys().map(|name| SecretRef { name: name.clone(), version: Some(version.clone()) }).collect();
    let value = |(name, value)| SecretValue { check_id: assignment.check_id, name, version: version.clone(), value };
    vault.replace(Secrets { secrets: values.into_iter().map(value).collect() });
    Assignment { plugin, secrets: names, mutating: false, ..assignment }
}
