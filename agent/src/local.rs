//! Shell: one run of one check on a person's machine, by the path of a node: compiled by the child, linked, run under the
//! same limits, judged by the same rules. Called by the command line's `check run`; nothing is reported anywhere.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use api::frame::{Assignment, PluginState, SecretRef, SecretValue, Secrets};
use api::id::Digest;
use host::engine::{Config as EngineConfig, Engine, EngineError};
use host::{Backends, Dialer, DialerConfig, DialerError, SystemResolver};
use process::clock::{Clock as _, SystemClock};
use process::compile::Compiler;
use prometheus::Registry;

use crate::disk::{self, DiskError};
use crate::plugin::artefact::{ArtefactError, Artefacts, node_key};
use crate::plugin::metrics::Metrics as PluginMetrics;
use crate::plugin::table::Plugins;
use crate::run::backend::ledger::Ledgers;
use crate::run::backend::node::{Node, RootError};
use crate::run::backend::secrets::Vault;
use crate::run::backend::state::States;
use crate::run::lease::Leases;
use crate::run::metrics::Metrics as RunMetrics;
use crate::run::{Job, Ran, Runner};
use crate::schedule::plan::Due;

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
    engine: Engine,
    artefacts: Artefacts,
}

/// Why there is no local run.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The folder is not usable.
    #[error("the folder for local runs is not usable")]
    Disk(#[from] DiskError),
    /// No sandbox.
    #[error("the sandbox does not start")]
    Engine(#[from] EngineError),
    /// No network.
    #[error("the dialer cannot be made")]
    Dialer(#[from] DialerError),
    /// No node.
    #[error("the node's files are not readable")]
    Root(#[from] RootError),
    /// No thread.
    #[error("no thread for the guest")]
    Threads(#[from] std::io::Error),
    /// The plugin is none.
    #[error("the plugin is not usable")]
    Plugin(#[from] ArtefactError),
    /// A bug.
    #[error("metrics cannot be made")]
    Metrics(#[from] prometheus::Error),
}

// === impl Local ===

impl Local {
    /// Prepares the folder and the sandbox.
    ///
    /// # Errors
    /// The folder or the sandbox is not usable.
    pub fn open(config: Config) -> Result<Self, LocalError> {
        disk::folder(&config.folder)?;
        let engine = Engine::new(EngineConfig::SINGLE)?;
        let key = node_key(&config.folder.join("node.key"))?;
        let compiler = Arc::new(Compiler::new(&config.compiler));
        let metrics = PluginMetrics::register(&Registry::new())?;
        let artefacts = Artefacts::new(config.folder.join("artefacts"), key, engine.clone(), compiler, metrics);
        Ok(Self { config, engine, artefacts })
    }

    /// Compiles a component and gives what it says of itself: JSON for `api::catalogue::DescribedPlugin`.
    ///
    /// # Errors
    /// The compiler refuses it.
    pub async fn describe(&self, component: &[u8]) -> Result<String, LocalError> {
        Ok(self.artefacts.compile(&Digest::of(component), component).await?)
    }

    /// The engine that plugins are loaded into.
    pub fn engine(&self) -> &Engine {
        &self.engine
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
        let ledgers = Ledgers::new(self.config.folder.join("ledger"));
        let resolver = Arc::new(SystemResolver);
        let backends = Backends {
            state: Arc::new(States::new(self.config.folder.join("state"))),
            node: Arc::new(Node::new(self.config.node.clone(), "/".as_ref())?),
            ledger: Arc::new(ledgers.clone()),
            dialer: Arc::new(Dialer::new(DialerConfig { extra_roots: vec![], resolver })?),
        };
        let runner = Runner {
            plugins,
            vault: Vault::default(),
            leases: Leases::new(None, Arc::clone(&clock)),
            ledgers,
            backends,
            guests: Runner::guest_runtime()?,
            clock,
            metrics: RunMetrics::register(&Registry::new())?,
        };
        let assignment = with_secrets(assignment, digest, secrets, &runner.vault);
        let scheduled_at_ms = u64::try_from(SystemClock.wall_ms()).unwrap_or(0);
        let due = Due { scheduled_at_ms, boot_ms: SystemClock.boot_ms() };
        Ok(runner.run(Job { assignment: Arc::new(assignment), due }).await)
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
