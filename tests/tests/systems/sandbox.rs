//! Shell: runs one built plugin once, through compiler and host as an agent does, with what it keeps held in memory.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
};

use api::{
    grant::{Effective, GrantSet},
    id::Digest,
    limits::RunLimits,
};
use futures_util::future::{BoxFuture, FutureExt, ready};
use harness::{binary, image::digest};
use host::{
    BackendError, Backends, Call, Dialer, DialerConfig, Engine, LedgerBackend, LedgerEntry, LedgerMark, NodeBackend,
    Outcome, Owner, Plugin, Resolve, Secret, StateBackend, artefact, engine,
    outcome::{End, StepStatus, Verdict},
};
use process::compile::Compiler;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::Value;

/// A plugin ready to run, with what it keeps between runs.
pub(crate) struct Sandbox {
    plugin: Plugin,
    backends: Backends,
    pub(crate) memory: Arc<Memory>,
}

/// What a run is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) config: Value,
    pub(crate) secrets: Vec<(&'static str, String)>,
    pub(crate) origins: Vec<String>,
    pub(crate) files: Vec<&'static str>,
    /// The check's timeout; the default of the contract when absent.
    pub(crate) wall_ms: Option<u32>,
}

impl Sandbox {
    /// Compiles and loads a plugin; its TLS trusts `ca_pem` beside the public roots.
    pub(crate) async fn load(name: &str, ca_pem: &str) -> Self {
        let component = fs::read(binary::component(name).expect("built")).expect("readable");
        let compiler = Compiler::new(binary::find("floorwalker-compile").expect("built"));
        let mut artefact = Vec::new();
        let compiled = compiler.compile(&component, &mut artefact).await;
        let compiled = compiled.unwrap_or_else(|error| panic!("{name}: {error}"));
        let engine = Engine::new(engine::Config::SINGLE).expect("an engine");
        let folder = tempfile::tempdir().expect("a folder");
        let sha: Digest = digest(&component).parse().expect("a digest");
        let key = artefact::Key::new([7; 32]);
        let of = artefact::Name::new(&sha, &compiled.engine);
        let file = folder.path().join(of.file_name());
        fs::write(&file, artefact::seal(&key, &of, &artefact)).expect("written");
        let plugin = Plugin::load(&engine, &file, &of, &key).unwrap_or_else(|error| panic!("{name}: {error}"));
        let memory = Arc::new(Memory::default());
        let extra_roots = CertificateDer::pem_slice_iter(ca_pem.as_bytes()).collect::<Result<_, _>>().expect("PEM");
        let dialer = Dialer::new(DialerConfig { extra_roots, resolver: Arc::new(Here) }).expect("a dialer");
        let backends = Backends {
            state: Arc::<Memory>::clone(&memory),
            node: Arc::new(ThisMachine),
            ledger: Arc::<Memory>::clone(&memory),
            dialer: Arc::new(dialer),
        };
        Self { plugin, backends, memory }
    }

    pub(crate) async fn run(&self, ask: &Ask) -> Outcome {
        host::run(&self.plugin, self.call(ask), &self.backends).await
    }

    /// Lets the journey remove what is left, as an agent does after each run.
    pub(crate) async fn clean_up(&self, ask: &Ask) -> Outcome {
        host::clean_up(&self.plugin, self.call(ask), self.memory.left(), &self.backends).await
    }

    fn call(&self, ask: &Ask) -> Call {
        let http: Vec<_> = ask.origins.iter().map(|origin| origin.parse().expect("an origin")).collect();
        let node_files = ask.files.iter().map(|path| path.parse().expect("a path")).collect();
        let grants = GrantSet { http, node_files };
        let here = ["127.0.0.0/8", "::1/128"].map(|range| range.parse().expect("a range"));
        let run = self.memory.next_run();
        Call {
            owner: Owner { tenant: "acme".into(), check: "check".into() },
            run_id: format!("00000000-0000-5000-8000-{run:012}"),
            scheduled_at_ms: 0,
            config_json: ask.config.to_string(),
            secrets: ask
                .secrets
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Secret::new(value.clone().into_bytes())))
                .collect(),
            grants: Effective { ceiling: grants.clone(), grants, addresses: here.to_vec() },
            limits: RunLimits { wall_ms: ask.wall_ms.unwrap_or(RunLimits::DEFAULT.wall_ms), ..RunLimits::DEFAULT },
            trace_parent: None,
            may_begin: None,
        }
    }
}

/// The verdict of a run that gave one.
pub(crate) fn verdict(outcome: &Outcome) -> &Verdict {
    match &outcome.end {
        End::Verdict(verdict) => verdict,
        other => panic!("no verdict but {other:?}\n{}", outcome.stdio_tail),
    }
}

/// Reason of a verdict, empty for a pass.
pub(crate) fn reason(outcome: &Outcome) -> &str {
    verdict(outcome).reason.as_deref().unwrap_or("")
}

/// Names of the steps that failed, or in which the run ended.
pub(crate) fn failed_steps(outcome: &Outcome) -> Vec<&str> {
    let failed = outcome.steps.iter().filter(|step| matches!(step.status, None | Some(StepStatus::Fail)));
    failed.map(|step| step.name.as_str()).collect()
}

/// A name that has an address of IPv6 alone.
pub(crate) const SIX: &str = "six.test";
/// A name that has an address of either kind.
pub(crate) const BOTH: &str = "both.test";

/// Every name is this machine.
struct Here;

impl Resolve for Here {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let (four, six) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        Ok(match name {
            SIX => vec![six],
            BOTH => vec![four, six],
            _ => vec![four],
        })
    }
}

/// The node is the machine the test runs on.
struct ThisMachine;

impl NodeBackend for ThisMachine {
    fn facts(&self) -> BoxFuture<'_, Result<String, BackendError>> {
        let of =
            |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default().trim().to_owned();
        let kernel = serde_json::json!({"sysname": of("ostype"), "release": of("osrelease"), "version": of("version"), "machine": "x86_64"});
        let facts = serde_json::json!({"node": "here", "kernel": kernel, "boot_id": of("random/boot_id")});
        ready(Ok(facts.to_string())).boxed()
    }

    fn read_file<'a>(&'a self, path: &'a str, bytes_max: u32) -> BoxFuture<'a, Result<Vec<u8>, BackendError>> {
        let read = fs::read(path).map(|bytes| bytes.into_iter().take(bytes_max as usize).collect());
        ready(read.map_err(|error| BackendError::Missing(error.to_string()))).boxed()
    }

    fn sha256_file<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<String, BackendError>> {
        let hash = fs::read(path).map(|bytes| digest(&bytes).trim_start_matches("sha256:").to_owned());
        ready(hash.map_err(|error| BackendError::Missing(error.to_string()))).boxed()
    }
}

/// State and ledger of the one check.
#[derive(Default)]
pub(crate) struct Memory {
    state: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Open entries by key.
    ledger: Mutex<BTreeMap<String, LedgerEntry>>,
    runs: Mutex<u64>,
}

impl Memory {
    /// Entries with an intent and no `cleaned`.
    pub(crate) fn left(&self) -> Vec<LedgerEntry> {
        self.ledger.lock().expect("no test panics while it holds it").values().cloned().collect()
    }

    fn next_run(&self) -> u64 {
        let mut runs = self.runs.lock().expect("no test panics while it holds it");
        *runs += 1;
        *runs
    }
}

impl StateBackend for Memory {
    fn load<'a>(&'a self, _: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, BackendError>> {
        ready(Ok(self.state.lock().expect("as above").get(key).cloned())).boxed()
    }

    fn save<'a>(&'a self, _: &'a Owner, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), BackendError>> {
        self.state.lock().expect("as above").insert(key.to_owned(), value);
        ready(Ok(())).boxed()
    }

    fn remove<'a>(&'a self, _: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<(), BackendError>> {
        self.state.lock().expect("as above").remove(key);
        ready(Ok(())).boxed()
    }
}

impl LedgerBackend for Memory {
    fn mark<'a>(
        &'a self,
        _: &'a Owner,
        _: &'a str,
        mark: LedgerMark,
        entry: LedgerEntry,
    ) -> BoxFuture<'a, Result<(), BackendError>> {
        let mut ledger = self.ledger.lock().expect("as above");
        match mark {
            LedgerMark::Intent | LedgerMark::Created => ledger.insert(entry.key.clone(), entry),
            LedgerMark::Cleaned => ledger.remove(&entry.key),
        };
        ready(Ok(())).boxed()
    }
}
