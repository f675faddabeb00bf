//! Shell: from a component to a plugin that runs: compiled by the child, sealed with the node's key, kept on disk,
//! loaded. What the disk has is not compiled again; what does not load is. Used by `plugin`'s task, a standalone agent
//! and `local`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::id::Digest;
use host::artefact::{Key, Name};
use host::{Engine, EngineError, LoadError, Plugin};
use process::compile::{Compiled, Compiler};
use process::supervise::{Panicked, blocking};
use prometheus::Registry;

use super::error::ArtefactError;
use super::fetch::remove_others;
use super::metrics::{CacheResult, Metrics};
use super::sealed::Sealed;
use crate::disk::{self, DiskError};

const KEY_BYTES: usize = 32;

/// The compiled plugins of this node. Cheap to clone.
#[derive(Clone)]
pub struct Artefacts {
    folder: PathBuf,
    key: Key,
    engine: Engine,
    compiler: Arc<Compiler>,
    metrics: Metrics,
}

/// What compiled plugins need.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's folder: they lie below it, and the key beside them.
    pub folder: PathBuf,
    /// `floorwalker-compile`.
    pub compiler: PathBuf,
    /// The sandbox of this process.
    pub engine: host::engine::Config,
}

/// Why there are no plugins at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No key.
    #[error("the node has no key")]
    Key(#[from] DiskError),
    /// No sandbox.
    #[error("the sandbox does not start")]
    Engine(#[from] EngineError),
    /// A name is taken: a bug.
    #[error("metrics cannot be made")]
    Metrics(#[from] prometheus::Error),
}

// === impl Artefacts ===

impl Artefacts {
    /// Artefacts below a folder of this node, for an engine of this process.
    ///
    /// # Errors
    /// The folder cannot be used, or the machine gives no sandbox.
    pub fn open(config: Config, registry: &Registry) -> Result<Self, OpenError> {
        let Config { folder, compiler, engine } = config;
        Ok(Self {
            key: node_key(&folder.join("node.key"))?,
            folder: folder.join("artefacts"),
            engine: Engine::new(engine)?,
            compiler: Arc::new(Compiler::new(compiler)),
            metrics: Metrics::register(registry)?,
        })
    }

    /// The plugin, if it was compiled before and still loads.
    ///
    /// # Errors
    /// It loads and is no plugin; compiling again would not help.
    pub async fn load(&self, digest: &Digest) -> Result<Option<Plugin>, ArtefactError> {
        match self.load_once(digest).await? {
            Ok(plugin) => {
                self.metrics.cache(CacheResult::Hit);
                Ok(Some(plugin))
            }
            Err(LoadError::Plugin(error)) => Err(LoadError::Plugin(error).into()),
            Err(LoadError::Read(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                self.metrics.cache(CacheResult::Miss);
                Ok(None)
            }
            Err(error) => {
                tracing::warn!(plugin = %digest, error = format!("{error:#}"), "a compiled plugin does not load, it is compiled again");
                self.metrics.cache(CacheResult::Rejected);
                Ok(None)
            }
        }
    }

    /// Compiles a component, keeps it and gives what it says of itself.
    ///
    /// # Errors
    /// It does not compile, or cannot be kept.
    pub async fn compile(&self, digest: &Digest, component: &[u8]) -> Result<String, ArtefactError> {
        let file = self.folder.join(self.name(digest).file_name());
        let mut sealed = Sealed::begin(file, &self.key, &self.name(digest)).await?;
        let Compiled { describe, engine, warnings } = match self.compiler.compile(component, &mut sealed).await {
            Ok(compiled) => compiled,
            Err(error) => {
                sealed.give_up().await;
                return Err(error.into());
            }
        };
        for warning in warnings {
            tracing::warn!(plugin = %digest, warning, "the compiler runs with less than its limits");
        }
        if engine != self.engine.compatibility() {
            sealed.give_up().await;
            return Err(ArtefactError::Engine { compiler: engine, agent: self.engine.compatibility().to_owned() });
        }
        sealed.keep().await?;
        Ok(describe)
    }

    /// The plugin that was compiled just now.
    ///
    /// # Errors
    /// It does not load.
    pub async fn load_compiled(&self, digest: &Digest) -> Result<Plugin, ArtefactError> {
        Ok(self.load_once(digest).await??)
    }

    /// Removes all artefacts but those of these components.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn retain(&self, wanted: &BTreeSet<Digest>) -> Result<(), DiskError> {
        remove_others(&self.folder, wanted)
    }

    async fn load_once(&self, digest: &Digest) -> Result<Result<Plugin, LoadError>, Panicked> {
        let (this, name) = (self.clone(), self.name(digest));
        let load = move || Plugin::load(&this.engine, &this.folder.join(name.file_name()), &name, &this.key);
        blocking("load a plugin", load).await
    }

    fn name(&self, digest: &Digest) -> Name {
        Name::new(digest, self.engine.compatibility())
    }
}

/// The node's key, made on the first start. The compiler cannot read it: it has no access to files.
fn node_key(path: &Path) -> Result<Key, DiskError> {
    if let Some(bytes) = disk::read(path, KEY_BYTES)?.and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok()) {
        return Ok(Key::new(bytes));
    }
    let bytes = disk::random::<KEY_BYTES>()?;
    disk::replace(path, &bytes)?;
    Ok(Key::new(bytes))
}
