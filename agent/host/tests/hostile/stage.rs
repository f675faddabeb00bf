//! Shell: what every test here needs: the built compiler, the built guests, an engine, and a call to fill in.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use api::grant::Effective;
use api::id::Digest;
use api::limits::RunLimits;
use floorwalker_guests::raw;
use host::artefact::{Key, Name, seal};
use host::{Backends, Call, Dialer, DialerConfig, Engine, LedgerEntry, Owner, Plugin, Resolve, engine};
use rustls_pki_types::CertificateDer;

use crate::doubles::{Ledger, Names, NoNode, State};

pub(crate) const KEY: [u8; 32] = [7; 32];

/// Where cargo puts binaries: beside the folder of this test.
fn bin_dir() -> PathBuf {
    if let Some(folder) = std::env::var_os("FLOORWALKER_BIN_DIR") {
        return folder.into();
    }
    let test = std::env::current_exe().expect("a test has a path");
    test.ancestors().nth(2).expect("target/debug/deps/test").to_owned()
}

fn built(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is missing: run `cargo xtask build` first", path.display());
    path
}

/// The component of a guest.
pub(crate) fn wasm(name: &str) -> Vec<u8> {
    if floorwalker_guests::RAW.contains(&name) {
        return raw::component(name);
    }
    let target = bin_dir().parent().expect("target/debug").to_owned();
    let guest = target.join("wasm32-wasip2/plugin/examples").join(format!("{name}.wasm"));
    std::fs::read(built(guest)).expect("a component")
}

pub(crate) fn compiler() -> Command {
    let mut command = Command::new(built(bin_dir().join("floorwalker-compile")));
    command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Feeds the compiler.
pub(crate) fn compile(component: &[u8]) -> Output {
    let mut child = compiler().spawn().expect("the compiler starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A compiler that refuses early closes its end.
    let _ = stdin.write_all(component);
    drop(stdin);
    child.wait_with_output().expect("the compiler ends")
}

/// A component's head line and artefact.
pub(crate) fn compiled(component: &[u8]) -> (serde_json::Value, Vec<u8>) {
    let output = compile(component);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let end = output.stdout.iter().position(|byte| *byte == b'\n').expect("a head line");
    let head: serde_json::Value = serde_json::from_slice(&output.stdout[..end]).expect("JSON");
    assert_eq!(head["artefact_bytes"].as_u64(), Some((output.stdout.len() - end - 1) as u64));
    (head, output.stdout[end + 1..].to_vec())
}

/// One engine for all tests of this process, as in an agent.
pub(crate) fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(engine::Config::AGENT).expect("an engine")).clone()
}

/// A guest, compiled once per process, sealed and loaded from disk as an agent does.
pub(crate) fn plugin(name: &str) -> Plugin {
    static LOADED: OnceLock<Mutex<HashMap<String, Plugin>>> = OnceLock::new();
    let mut loaded = LOADED.get_or_init(Mutex::default).lock().expect("no test panics while loading");
    if let Some(plugin) = loaded.get(name) {
        return plugin.clone();
    }
    let plugin = load_into(&engine(), name);
    loaded.insert(name.to_owned(), plugin.clone());
    plugin
}

/// A guest, compiled, sealed and loaded into an engine of its own.
pub(crate) fn load_into(engine: &Engine, name: &str) -> Plugin {
    let component = wasm(name);
    let (head, artefact) = compiled(&component);
    assert_eq!(head["engine"], engine.compatibility(), "the compiler is of another build: run `cargo xtask build`");
    let folder = tempfile::tempdir().expect("a folder");
    let (file, artefact_name) = sealed(folder.path(), &component, &artefact);
    Plugin::load(engine, &file, &artefact_name, &Key::new(KEY)).expect("it loads")
}

/// Writes a sealed artefact.
pub(crate) fn sealed(folder: &Path, component: &[u8], artefact: &[u8]) -> (PathBuf, Name) {
    let name = Name::new(&Digest::of(component), engine().compatibility());
    let file = folder.join(name.file_name());
    std::fs::write(&file, seal(&Key::new(KEY), &name, artefact)).expect("written");
    (file, name)
}

/// A call that grants nothing.
pub(crate) fn call(config: serde_json::Value) -> Call {
    Call {
        owner: Owner { tenant: "acme".to_owned(), check: "checkout".to_owned() },
        run_id: "run-1".to_owned(),
        scheduled_at_ms: 1_000,
        config_json: config.to_string(),
        secrets: BTreeMap::new(),
        grants: Effective::default(),
        limits: RunLimits::DEFAULT,
        trace_parent: None,
        may_begin: None,
    }
}

/// Backends in memory.
pub(crate) struct Stage {
    pub(crate) backends: Backends,
    pub(crate) ledger: Arc<Ledger>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Names::default(), Vec::new())
    }

    pub(crate) fn with(names: impl Resolve + 'static, extra_roots: Vec<CertificateDer<'static>>) -> Self {
        let ledger = Arc::new(Ledger::default());
        let dialer = Dialer::new(DialerConfig { extra_roots, resolver: Arc::new(names) }).expect("a dialer");
        let backends = Backends {
            state: Arc::new(State::default()),
            node: Arc::new(NoNode),
            ledger: ledger.clone(),
            dialer: Arc::new(dialer),
        };
        Self { backends, ledger }
    }

    pub(crate) fn left(&self) -> Vec<LedgerEntry> {
        self.ledger.left()
    }
}
