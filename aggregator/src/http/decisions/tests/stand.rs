//! Shell: an aggregator without sockets for the gate's tests: a real store, a real folder of manifests, real tokens.
//! Results of checks are written as ingest writes them, and the clock is moved by hand.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use api::frame::{Chain, Epoch};
use api::http::release::Subject;
use api::http::token::Role;
use api::id::{CheckId, Digest};
use api::manifest::release_policy::Class;
use api::result::{CheckResult, Evidence, Reason, Status, Step, StepStatus};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt as _;
use process::clock::{Clock as _, ManualClock, SharedClock};
use process::compile::Compiler;
use process::ready::Readiness;
use process::supervise::Supervisor;
use prometheus::Registry;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::authn::AgentKey;
use crate::authn::token::mint;
use crate::authz::PlatformScope;
use crate::catalogue::{self, Publisher};
use crate::gate::{self, Gate};
use crate::http::tests::documented::Heard;
use crate::http::{Api, Parts, router, tokens};
use crate::ingest::accept::of_result;
use crate::placement::Placement;
use crate::placement::agents::Agents;
use crate::placement::lease::Leases;
use crate::plugin::Library;
use crate::plugin::blobs::Blobs;
use crate::secret::dir::Secrets;
use crate::store::agent::StoredAgent;
use crate::store::audit::{AuditRead as _, StoredEntry};
use crate::store::batch::{Accepted, Mark, Owner};
use crate::store::change::{ChangeError, Recorded};
use crate::store::{Config, Store};

/// 2026-06-01T10:00:00Z, a Monday.
const MONDAY_MS: i64 = 1_780_308_000_000;
const PLUGIN: &[u8] = b"a component that nobody runs";

const MANIFESTS: &str = r#"
apiVersion: floorwalker.dev/v1alpha1
kind: Tenant
metadata: {name: acme, labels: {segment: fashion}}
spec:
  timeZone: Europe/Berlin
  environments: [{name: prod, namespaces: [acme-prod]}]
  services: [shop]
---
apiVersion: floorwalker.dev/v1alpha1
kind: Tenant
metadata: {name: globex}
spec:
  timeZone: America/New_York
  environments: [{name: prod, namespaces: [globex-prod]}]
  services: [shop]
---
apiVersion: floorwalker.dev/v1alpha1
kind: Plugin
metadata: {name: journey}
spec: {source: {file: journey.wasm}, digest: "DIGEST"}
---
apiVersion: floorwalker.dev/v1alpha1
kind: Check
metadata: {name: order-journey, namespace: acme-prod, labels: {journey: order-to-cash}}
spec: {plugin: journey, service: shop, runInterval: 60s, timeout: 20s, layer: business}
---
apiVersion: floorwalker.dev/v1alpha1
kind: ReleasePolicy
metadata: {name: prod, namespace: acme-prod}
spec: {requirements: {checks: [{labels: {journey: order-to-cash}}]}}
---
apiVersion: floorwalker.dev/v1alpha1
kind: ReleasePolicy
metadata: {name: prod, namespace: globex-prod}
spec: {requirements: none}
"#;

pub(in crate::http) const FREEZE: &str = r#"
apiVersion: floorwalker.dev/v1alpha1
kind: FreezeRule
metadata: {name: peak}
spec:
  owner: retail-operations
  effect: deny
  match: {tenantLabels: {segment: [fashion]}}
  except: {classes: [security-hotfix]}
  when: {timezone: tenant-local, once: [{from: 2026-06-01T00:00, to: 2026-06-08T00:00}]}
  message: Peak trading.
"#;

pub(in crate::http) struct Stand {
    routes: Router,
    pub(in crate::http) api: Api,
    pub(in crate::http) clock: ManualClock,
    placement: Arc<Placement>,
    pub(in crate::http) folder: tempfile::TempDir,
    pub(in crate::http) heard: Heard,
    stop: CancellationToken,
    seq: u64,
}

impl Stand {
    pub(in crate::http) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let manifests = folder.path().join("manifests");
        std::fs::create_dir(&manifests).expect("made");
        std::fs::write(manifests.join("journey.wasm"), PLUGIN).expect("written");
        let digest = Digest::of(PLUGIN);
        std::fs::write(manifests.join("all.yaml"), MANIFESTS.replace("DIGEST", digest.as_str())).expect("written");
        let (store, threads) = Store::open(&Config { folder: folder.path().to_owned() }).expect("opened");
        threads.run_for_test();
        let describe = json!({"name": "journey", "version": "1", "kind": "journey", "config": {}}).to_string();
        store.upkeep(move |tx| tx.plugin_store(&digest, &describe, 0)).await.expect("stored");

        let clock = ManualClock::new(MONDAY_MS, Duration::from_secs(100));
        let shared: SharedClock = Arc::new(clock.clone());
        let registry = Registry::new();
        let blobs = Arc::new(Blobs::open(folder.path().join("plugins")).expect("opened"));
        let library = Library::new(store.clone(), Arc::clone(&blobs), Compiler::new("/no/compiler"), shared.clone());
        let metrics = catalogue::Metrics::register(&registry).expect("registered");
        let config = catalogue::Config { folder: manifests };
        let (publisher, catalogue) = Publisher::new(config, library, store.clone(), shared.clone(), metrics);
        let stop = CancellationToken::new();
        let (_, [stage]) = Supervisor::in_drain_order(["test"]);
        stage.spawn("catalogue", publisher.run(Readiness::new().latch("catalogue"), stop.clone()));
        let agents = Agents::restore(vec![StoredAgent { key: node(), heard_at_ms: MONDAY_MS }], shared.boot());
        let placement =
            Arc::new(Placement::restore(store.clone(), Arc::new(agents), catalogue).await.expect("restored"));
        let metrics = gate::Metrics::register(&registry).expect("registered");
        let public_url = "https://gate.example/".to_owned();
        let parts = Parts {
            gate: Gate::new(gate::Config { public_url }, store.clone(), shared.clone(), &placement, metrics),
            store,
            clock: shared,
            placement: Arc::clone(&placement),
            leases: Arc::new(tokio::sync::Mutex::new(Leases::restore(vec![], Duration::ZERO))),
            blobs,
            secrets: Arc::new(Secrets::new(None, [0; 32])),
            ingest: crate::ingest::Metrics::register(&registry).expect("registered"),
            frames: Semaphore::new(1),
            background: process::supervise::Background::start("frames").expect("threads"),
            crossings: crate::audit::Crossings::default(),
            stopping: stop.clone(),
        };
        let api = Api::from(parts);
        let stand =
            Self { routes: router(api.clone()), api, clock, placement, folder, heard: Heard::default(), stop, seq: 0 };
        stand.placed().await;
        stand
    }

    /// Waits for the next catalogue and places its checks.
    async fn placed(&self) {
        let mut catalogue = self.placement.catalogue();
        if catalogue.borrow_and_update().version.is_empty() {
            catalogue.changed().await.expect("published");
        }
        let seen = self.placement.agents().seen(self.clock.boot());
        self.placement.renew(&seen, self.clock.wall_ms(), async |_| Default::default()).await.expect("placed");
    }

    pub(in crate::http) async fn write(&self, file: &str, text: &str) {
        self.publish(file, text).await;
        self.placed().await;
    }

    /// Writes a manifest and waits until it is in force; placement, which writes to the store, does not follow.
    pub(in crate::http) async fn publish(&self, file: &str, text: &str) {
        let mut catalogue = self.placement.catalogue();
        catalogue.borrow_and_update();
        std::fs::write(self.folder.path().join("manifests").join(file), text).expect("written");
        let changed = tokio::time::timeout(Duration::from_secs(20), catalogue.changed()).await;
        changed.expect("in time").expect("published");
    }

    /// Keeps the writer busy until the sender is dropped: whatever is handed in after the future's first poll waits.
    pub(in crate::http) fn busy_writer(&self) -> (Sender<()>, impl Future<Output = ()>) {
        let (free, freed) = std::sync::mpsc::channel::<()>();
        let (store, scope) = (self.api.store.clone(), PlatformScope::for_test().own());
        let busy = async move {
            let held = store.change(&scope, 0, move |_| {
                freed.recv().expect_err("nothing is ever sent");
                Ok(Recorded::repeated(()))
            });
            let held: Result<(), ChangeError<Infallible>> = held.await;
            held.expect("written");
        };
        (free, busy)
    }

    /// The actions of a chain's entries, oldest first, with their details.
    pub(in crate::http) async fn audit(&self, tenant: Option<&str>) -> Vec<(String, Value)> {
        let scope = PlatformScope::for_test().owner(tenant.map(|name| name.parse().expect("a label")));
        let read = self.api.store.read(move |view| view.audit_entries(&scope, 0, 1_000)).await.expect("read");
        let entry = |entry: &StoredEntry| serde_json::from_slice::<Value>(&entry.stored).expect("JSON");
        let entries = read.iter().map(entry);
        entries.map(|it| (it["action"].as_str().unwrap_or_default().to_owned(), it["detail"].clone())).collect()
    }

    pub(in crate::http) async fn token(&self, tenant: &str, role: Role, classes: &[Class]) -> String {
        let scope = PlatformScope::for_test().tenant(tenant.parse().expect("a label"));
        let minted = mint(scope.tenant().cloned(), role, classes.to_vec(), self.clock.wall_ms() + 86_400_000);
        let text = minted.text.clone();
        tokens::store(&self.api.store, &scope, minted, self.clock.wall_ms()).await.expect("stored");
        text
    }

    pub(in crate::http) async fn ask(&self, token: &str, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = request.body(body).expect("a request");
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.routes.clone().oneshot(request).await.expect("an answer");
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        self.heard.hold(&method, &path, &head, &bytes);
        (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(in crate::http) async fn decide(&self, token: &str, question: &Value) -> Value {
        let (status, answer) = self.ask(token, Method::POST, "/v1/decisions", question).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// A result of the journey, as an agent reports it.
    pub(in crate::http) async fn result(&mut self, status: Status, evidence: Option<Digest>) {
        let namespace = "acme-prod".parse().expect("a label");
        let check = CheckId::of(Some(&namespace), &"order-journey".parse().expect("a label"));
        let (run_at_ms, seq) = (self.clock.wall_ms(), self.seq);
        self.seq += 1;
        let failed = Step {
            name: "confirm".to_owned(),
            status: StepStatus::Fail,
            duration_ms: 1.0,
            message: None,
            phases: Default::default(),
        };
        let evidence = evidence.map(|digest| Evidence {
            kind: "image-digest".to_owned(),
            subject: digest.as_str().to_owned(),
            observed_at: "2026-06-01T10:00:00Z".to_owned(),
            attributes: Default::default(),
        });
        let result = CheckResult {
            run_id: api::id::RunId::of(check, run_at_ms as u64),
            scheduled_at_ms: run_at_ms as u64,
            duration_ms: 1.0,
            status,
            reason: (status == Status::Fail).then_some(Reason::from_word("journey-failed")),
            summary: if status == Status::Fail { "the order stayed a quotation" } else { "ok" }.to_owned(),
            steps: if status == Status::Fail { vec![failed] } else { vec![] },
            measurements: vec![],
            findings: vec![],
            evidence: evidence.into_iter().collect(),
            cut: vec![],
        };
        let mark = |through| Mark { through, chain: Chain([0; 32]) };
        let owner = Owner { tenant: Some("acme".parse().expect("a label")), check };
        let accepted = Accepted {
            agent: node(),
            epoch: Epoch([7; 16]),
            before: (seq > 0).then(|| mark(seq)),
            after: mark(seq + 1),
            received_at_ms: run_at_ms,
            writes: of_result(owner, seq + 1, run_at_ms, &result),
        };
        self.api.store.batch(move |tx| tx.frame_store(&accepted)).await.expect("stored");
    }

    /// Creates, decides, starts and finishes a release; returns its id.
    pub(in crate::http) async fn released(&self, token: &str, content: &str) -> String {
        let release = self.create(token, content).await;
        let answer = self.decide(token, &question(&release, content)).await;
        assert_eq!(answer["decision"], "allow", "{answer}");
        let (status, started) = self.start(token, &release, &answer, "deploy", content).await;
        assert_eq!((status, &started["state"]), (201, &json!("started")), "{started}");
        let (status, ended) = self.finish(token, &release, &started, "succeeded").await;
        assert_eq!((status, &ended["state"]), (200, &json!("succeeded")), "{ended}");
        release
    }

    /// Says how a deployment ended.
    pub(in crate::http) async fn finish(
        &self,
        token: &str,
        release: &str,
        started: &Value,
        outcome: &str,
    ) -> (u16, Value) {
        let body = json!({"deployment": started["id"], "outcome": outcome});
        self.ask(token, Method::POST, &format!("/v1/releases/{release}/finish"), &body).await
    }

    pub(in crate::http) async fn create(&self, token: &str, content: &str) -> String {
        let body = json!({"tenant": "acme", "service": "shop", "class": "feature", "subject": subject(content)});
        let (status, release) = self.ask(token, Method::POST, "/v1/releases", &body).await;
        assert_eq!(status, 201, "{release}");
        release["id"].as_str().expect("an id").to_owned()
    }

    pub(in crate::http) async fn start(
        &self,
        token: &str,
        release: &str,
        answer: &Value,
        action: &str,
        content: &str,
    ) -> (u16, Value) {
        let body = json!({
            "environment": "prod", "ticket": answer["ticket"], "action": action, "subject": subject(content),
        });
        self.ask(token, Method::POST, &format!("/v1/releases/{release}/start"), &body).await
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn node() -> AgentKey {
    AgentKey { cluster: "up".parse().expect("a label"), node: "node-1".parse().expect("a node") }
}

pub(in crate::http) fn subject(content: &str) -> Value {
    serde_json::to_value(Subject { digest: Digest::of(content.as_bytes()) }).expect("JSON")
}

pub(in crate::http) fn question(release: &str, content: &str) -> Value {
    json!({"tenant": "acme", "environment": "prod", "service": "shop", "release": release, "subject": subject(content)})
}
