//! Shell: the engine, guests compiled by the built compiler and loaded from disk as an agent does, and empty backends.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use api::grant::Effective;
use api::id::Digest;
use api::limits::RunLimits;
use futures_util::future::BoxFuture;
use host::artefact::{Key, Name, seal};
use host::{
    BackendError, Backends, Call, Dialer, DialerConfig, Engine, LedgerBackend, LedgerEntry, LedgerMark, NodeBackend,
    Owner, Plugin, StateBackend, SystemResolver, engine,
};

const KEY: [u8; 32] = [1; 32];

/// What every subject measures with.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) backends: Backends,
    compiler: PathBuf,
    components: PathBuf,
    folder: tempfile::TempDir,
}

/// A guest on disk.
pub(crate) struct Artefact {
    pub(crate) file: PathBuf,
    pub(crate) name: Name,
}

impl Stage {
    pub(crate) fn new(bin_dir: &Path) -> anyhow::Result<Self> {
        let target = bin_dir.parent().context("binaries lie below the target folder")?;
        let dialer = Dialer::new(DialerConfig { extra_roots: Vec::new(), resolver: Arc::new(SystemResolver) })?;
        let backends = Backends {
            state: Arc::new(Nothing),
            node: Arc::new(Nothing),
            ledger: Arc::new(Nothing),
            dialer: Arc::new(dialer),
        };
        Ok(Self {
            engine: Engine::new(engine::Config::AGENT)?,
            backends,
            compiler: bin_dir.join("floorwalker-compile"),
            components: target.join("wasm32-wasip2/plugin/examples"),
            folder: tempfile::tempdir()?,
        })
    }

    /// Compiles a guest and seals it.
    pub(crate) fn artefact(&self, guest: &str) -> anyhow::Result<Artefact> {
        let component = self.components.join(format!("{guest}.wasm"));
        let component = std::fs::read(&component)
            .with_context(|| format!("{}: run `cargo xtask build` first", component.display()))?;
        let compiled = self.compile(&component)?;
        let name = Name::new(&Digest::of(&component), self.engine.compatibility());
        let file = self.folder.path().join(name.file_name());
        std::fs::write(&file, seal(&Key::new(KEY), &name, &compiled))?;
        Ok(Artefact { file, name })
    }

    pub(crate) fn load(&self, artefact: &Artefact) -> anyhow::Result<Plugin> {
        Ok(Plugin::load(&self.engine, &artefact.file, &artefact.name, &Key::new(KEY))?)
    }

    fn compile(&self, component: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut child = Command::new(&self.compiler)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}: run `cargo xtask build` first", self.compiler.display()))?;
        child.stdin.take().context("piped")?.write_all(component)?;
        let output = child.wait_with_output()?;
        let end = output.stdout.iter().position(|byte| *byte == b'\n');
        match end {
            Some(end) if output.status.success() => Ok(output.stdout[end + 1..].to_vec()),
            _ => bail!("the compiler ended with {}", output.status),
        }
    }
}

/// A call with the default limits.
pub(crate) fn call(config_json: &str, grants: Effective) -> Call {
    Call {
        owner: Owner { tenant: "bench".to_owned(), check: "bench".to_owned() },
        run_id: "bench".to_owned(),
        scheduled_at_ms: 0,
        config_json: config_json.to_owned(),
        secrets: BTreeMap::new(),
        grants,
        limits: RunLimits::DEFAULT,
        trace_parent: None,
        may_begin: None,
    }
}

/// Backends that no subject asks.
struct Nothing;

fn nothing<T: Send + 'static>() -> BoxFuture<'static, Result<T, BackendError>> {
    Box::pin(async { Err(BackendError::Missing("not in a benchmark".to_owned())) })
}

impl StateBackend for Nothing {
    fn load<'a>(&'a self, _: &'a Owner, _: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, BackendError>> {
        nothing()
    }
    fn save<'a>(&'a self, _: &'a Owner, _: &'a str, _: Vec<u8>) -> BoxFuture<'a, Result<(), BackendError>> {
        nothing()
    }
    fn remove<'a>(&'a self, _: &'a Owner, _: &'a str) -> BoxFuture<'a, Result<(), BackendError>> {
        nothing()
    }
}

impl NodeBackend for Nothing {
    fn facts(&self) -> BoxFuture<'_, Result<String, BackendError>> {
        nothing()
    }
    fn read_file<'a>(&'a self, _: &'a str, _: u32) -> BoxFuture<'a, Result<Vec<u8>, BackendError>> {
        nothing()
    }
    fn sha256_file<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String, BackendError>> {
        nothing()
    }
}

impl LedgerBackend for Nothing {
    fn mark<'a>(
        &'a self,
        _: &'a Owner,
        _: &'a str,
        _: LedgerMark,
        _: LedgerEntry,
    ) -> BoxFuture<'a, Result<(), BackendError>> {
        nothing()
    }
}
