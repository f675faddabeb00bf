//! The gate through its routes: a real store, a real folder of manifests, real tokens; results of checks are written as
//! ingest writes them, and the clock is moved by hand.

use std::sync::Arc;
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
use crate::fleet::agents::Agents;
use crate::gate::{self, Gate};
use crate::http::{Api, Parts, router, tokens};
use crate::placement::Placement;
use crate::placement::lease::Leases;
use crate::plugin::Library;
use crate::plugin::blobs::Blobs;
use crate::secret::dir::Secrets;
use crate::store::agent::StoredAgent;
use crate::store::batch::{Accepted, Mark, Owner, Write};
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

const FREEZE: &str = r#"
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

struct Stand {
    routes: Router,
    store: Store,
    clock: ManualClock,
    placement: Arc<Placement>,
    folder: tempfile::TempDir,
    stop: CancellationToken,
    seq: u64,
}

impl Stand {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let manifests = folder.path().join("manifests");
        std::fs::create_dir(&manifests).expect("made");
        std::fs::write(manifests.join("journey.wasm"), PLUGIN).expect("written");
        let digest = Digest::of(PLUGIN);
        std::fs::write(manifests.join("all.yaml"), MANIFESTS.replace("DIGEST", digest.as_str())).expect("written");
        let (store, writer) = Store::open(&Config { file: folder.path().join("aggregator.db") }).expect("opened");
        std::thread::spawn(move || writer.run());
        let describe = json!({"name": "journey", "version": "1", "kind": "journey", "config": {}}).to_string();
        store.batch(move |tx| tx.plugin_store(&digest, &describe, 0)).await.expect("stored");

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
        let placement = Arc::new(Placement::restore(store.clone(), Arc::new(agents), catalogue).await.expect("restored"));
        let metrics = gate::Metrics::register(&registry).expect("registered");
        let public_url = "https://gate.example/".to_owned();
        let parts = Parts {
            gate: Gate::new(gate::Config { public_url }, store.clone(), shared.clone(), &placement, metrics),
            store: store.clone(),
            clock: shared,
            placement: Arc::clone(&placement),
            leases: Arc::new(tokio::sync::Mutex::new(Leases::restore(vec![], Duration::ZERO))),
            blobs,
            secrets: Arc::new(Secrets::new(None, [0; 32])),
            ingest: crate::ingest::Metrics::register(&registry).expect("registered"),
            frames: Semaphore::new(1),
            crossings: crate::audit::Crossings::default(),
            stopping: stop.clone(),
        };
        let stand = Self { routes: router(Api::from(parts)), store, clock, placement, folder, stop, seq: 0 };
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

    async fn write(&self, file: &str, text: &str) {
        let mut catalogue = self.placement.catalogue();
        catalogue.borrow_and_update();
        std::fs::write(self.folder.path().join("manifests").join(file), text).expect("written");
        let changed = tokio::time::timeout(Duration::from_secs(20), catalogue.changed()).await;
        changed.expect("in time").expect("published");
        self.placed().await;
    }

    async fn token(&self, tenant: &str, role: Role, classes: &[Class]) -> String {
        let scope = PlatformScope::for_test().tenant(tenant.parse().expect("a label"));
        let minted = mint(scope.tenant().cloned(), role, classes.to_vec(), self.clock.wall_ms() + 86_400_000);
        let text = minted.text.clone();
        tokens::store(&self.store, &scope, minted, self.clock.wall_ms()).await.expect("stored");
        text
    }

    async fn ask(&self, token: &str, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = self.routes.clone().oneshot(request.body(body).expect("a request")).await.expect("an answer");
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn decide(&self, token: &str, question: &Value) -> Value {
        let (status, answer) = self.ask(token, Method::POST, "/v1/decisions", question).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// A result of the journey, as an agent reports it.
    async fn result(&mut self, status: Status, evidence: Option<Digest>) {
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
            writes: vec![Write::Result { owner, seq: seq + 1, kind: "transition", run_at_ms, result: Box::new(result) }],
        };
        self.store.batch(move |tx| tx.frame_store(&accepted)).await.expect("stored");
    }

    /// Creates, decides, starts and finishes a release; returns its id.
    async fn released(&self, token: &str, content: &str) -> String {
        let release = self.create(token, content).await;
        let answer = self.decide(token, &question(&release, content)).await;
        assert_eq!(answer["decision"], "allow", "{answer}");
        let (status, started) = self.start(token, &release, &answer, "deploy", content).await;
        assert_eq!((status, &started["state"]), (201, &json!("started")), "{started}");
        let done = json!({"environment": "prod", "outcome": "succeeded"});
        let (status, ended) = self.ask(token, Method::POST, &format!("/v1/releases/{release}/finish"), &done).await;
        assert_eq!((status, &ended["state"]), (200, &json!("succeeded")), "{ended}");
        release
    }

    async fn create(&self, token: &str, content: &str) -> String {
        let body = json!({"tenant": "acme", "service": "shop", "class": "feature", "subject": subject(content)});
        let (status, release) = self.ask(token, Method::POST, "/v1/releases", &body).await;
        assert_eq!(status, 201, "{release}");
        release["id"].as_str().expect("an id").to_owned()
    }

    async fn start(&self, token: &str, release: &str, answer: &Value, action: &str, content: &str) -> (u16, Value) {
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

fn subject(content: &str) -> Value {
    serde_json::to_value(Subject { digest: Digest::of(content.as_bytes()) }).expect("JSON")
}

fn question(release: &str, content: &str) -> Value {
    json!({"tenant": "acme", "environment": "prod", "service": "shop", "release": release, "subject": subject(content)})
}

#[tokio::test]
async fn a_broken_journey_holds_the_next_release_and_a_freeze_the_one_after_but_never_the_way_back() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let first = stand.released(&pipeline, "one").await;

    stand.result(Status::Fail, None).await;
    let second = stand.create(&pipeline, "two").await;
    let held = stand.decide(&pipeline, &question(&second, "two")).await;
    assert_eq!((&held["decision"], &held["code"], &held["ticket"]), (&json!("wait"), &json!("CHECK_FAILING"), &Value::Null));
    let expected = "business check acme-prod/order-journey fails at step `confirm` on node-1: the order stayed a quotation";
    assert_eq!(held["reason"], expected);
    assert_eq!(held["requirements"][0]["state"], "failing");

    stand.result(Status::Pass, None).await;
    let open = stand.decide(&pipeline, &question(&second, "two")).await;
    assert_eq!(open["decision"], "allow", "{open}");
    stand.write("peak.yaml", FREEZE).await;
    let frozen = stand.decide(&pipeline, &question(&second, "two")).await;
    assert_eq!((&frozen["code"], &frozen["next_allowed_at"]), (&json!("FROZEN"), &json!("2026-06-08T00:00:00+02:00")));
    let (status, refused) = stand.start(&pipeline, &second, &open, "deploy", "two").await;
    assert_eq!((status, &refused["code"]), (409, &json!("FROZEN")), "the law is asked once more: {refused}");

    let back = json!({"tenant": "acme", "environment": "prod", "service": "shop", "release": first, "action": "rollback"});
    let allowed = stand.decide(&pipeline, &back).await;
    assert_eq!(allowed["decision"], "allow", "{allowed}");
    let (status, started) = stand.start(&pipeline, &first, &allowed, "rollback", "one").await;
    assert_eq!((status, &started["action"]), (201, &json!("rollback")), "{started}");

    let other = stand.token("globex", Role::Pipeline, &Class::ALL).await;
    let elsewhere = json!({"tenant": "globex", "environment": "prod", "service": "shop", "class": "feature"});
    assert_eq!(stand.decide(&other, &elsewhere).await["decision"], "allow");
    let (status, _) = stand.ask(&other, Method::POST, "/v1/decisions", &back).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_ticket_starts_one_deployment_of_what_it_is_for() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let colleague = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    let release = stand.create(&pipeline, "one").await;
    let allowed = stand.decide(&pipeline, &question(&release, "one")).await;
    let code = |(status, problem): (u16, Value)| (status, problem["code"].as_str().unwrap_or_default().to_owned());
    let with = |status: u16, code: &str| (status, code.to_owned());

    assert_eq!(code(stand.start(&colleague, &release, &allowed, "deploy", "one").await), with(403, "TICKET_SCOPE"));
    assert_eq!(code(stand.start(&pipeline, &release, &allowed, "migrate", "one").await), with(403, "TICKET_SCOPE"));
    assert_eq!(code(stand.start(&pipeline, &release, &allowed, "deploy", "two").await), with(409, "DIGEST_MISMATCH"));
    let forged = json!({"ticket": "fwk_0"});
    assert_eq!(code(stand.start(&pipeline, &release, &forged, "deploy", "one").await), with(403, "TICKET_SCOPE"));
    assert_eq!(stand.start(&pipeline, &release, &allowed, "deploy", "one").await.0, 201);
    assert_eq!(code(stand.start(&pipeline, &release, &allowed, "deploy", "one").await), with(409, "TICKET_USED"));

    let late = stand.decide(&pipeline, &question(&release, "one")).await;
    stand.clock.advance(Duration::from_secs(301));
    assert_eq!(code(stand.start(&pipeline, &release, &late, "deploy", "one").await), with(409, "TICKET_EXPIRED"));
}

#[tokio::test]
async fn a_get_never_mints_and_a_simulation_decides_nothing() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let viewer = stand.token("acme", Role::Viewer, &[]).await;
    stand.result(Status::Pass, None).await;
    let path = "/v1/decisions?tenant=acme&environment=prod&service=shop&class=feature";
    let digest = Digest::of(b"one");
    let (status, answer) = stand.ask(&pipeline, Method::GET, &format!("{path}&subject.digest={digest}"), &Value::Null).await;
    assert_eq!((status, &answer["decision"], &answer["ticket"]), (200, &json!("allow"), &Value::Null), "{answer}");
    let id = answer["id"].as_str().expect("an id");
    assert_eq!(answer["url"], format!("https://gate.example/v1/decisions/{id}"));
    let (status, again) = stand.ask(&viewer, Method::GET, &format!("/v1/decisions/{id}"), &Value::Null).await;
    assert_eq!((status, &again), (200, &answer));

    let keys: Vec<_> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut wanted = vec![
        "id", "decision", "code", "reason", "evaluated_at", "valid_until", "next_allowed_at", "next_close_at",
        "retry_after_s", "reasons", "requirements", "shadow", "policy_version", "tzdb", "ticket", "url",
    ];
    wanted.sort_unstable();
    assert_eq!(keys, wanted, "no other key");

    stand.write("peak.yaml", FREEZE).await;
    let (status, simulated) =
        stand.ask(&viewer, Method::GET, &format!("{path}&at=2026-06-08T00:00:00%2B02:00"), &Value::Null).await;
    assert_eq!((status, simulated.as_object().map(|it| it.len())), (200, Some(1)), "{simulated}");
    let simulated = &simulated["simulated"];
    assert_eq!((&simulated["id"], &simulated["ticket"]), (&Value::Null, &Value::Null));
    assert!(simulated["reasons"].as_array().expect("a list").iter().all(|it| it["code"] != "FROZEN"), "{simulated}");
    assert_eq!(stand.ask(&viewer, Method::GET, path, &Value::Null).await.0, 403);
}

#[tokio::test]
async fn a_poll_with_the_same_answer_is_one_decision_a_minute() {
    let stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let release = stand.create(&pipeline, "one").await;
    let first = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_eq!(first["code"], "CHECK_MISSING");
    stand.clock.advance(Duration::from_secs(15));
    let second = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_eq!(first["id"], second["id"]);
    assert_ne!(first["evaluated_at"], second["evaluated_at"]);
    stand.clock.advance(Duration::from_secs(60));
    let third = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_ne!(first["id"], third["id"]);
}

#[tokio::test]
async fn what_is_unknown_does_not_fit_and_what_is_hidden_is_not_there() {
    let stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    let good = json!({"tenant": "acme", "environment": "prod", "service": "shop"});
    for (field, value) in [
        ("environment", json!("live")),
        ("service", json!("till")),
        ("class", json!("miracle")),
        ("location", json!("moon")),
        ("release", json!("none")),
        ("at", json!("soon")),
        ("expected_duration_s", json!(u32::MAX)),
        ("surprise", json!(1)),
    ] {
        let mut question = good.clone();
        question[field] = value;
        let (status, problem) = stand.ask(&pipeline, Method::POST, "/v1/decisions", &question).await;
        assert_eq!(status, 422, "{field}: {problem}");
    }
    let other = stand.token("globex", Role::TenantAdmin, &[]).await;
    let release = stand.create(&pipeline, "one").await;
    for path in [format!("/v1/releases/{release}"), "/v1/releases/none".to_owned(), "/v1/decisions/none".to_owned()] {
        let (status, problem) = stand.ask(&other, Method::GET, &path, &Value::Null).await;
        assert_eq!((status, &problem["code"]), (404, &json!("not-found")), "{path}");
    }
    let viewer = stand.token("acme", Role::Viewer, &[]).await;
    let finish = json!({"environment": "prod", "outcome": "succeeded"});
    let path = format!("/v1/releases/{release}/finish");
    assert_eq!(stand.ask(&viewer, Method::POST, &path, &finish).await.0, 403);
    assert_eq!(stand.ask(&other, Method::POST, &path, &finish).await.0, 404);
    assert_eq!(stand.ask(&pipeline, Method::POST, &path, &finish).await.0, 409, "nothing is under way");
    let again = json!({"tenant": "acme", "service": "shop", "class": "schema", "subject": subject("one")});
    assert_eq!(stand.ask(&pipeline, Method::POST, "/v1/releases", &again).await.0, 409, "its class is fixed");
}

#[tokio::test]
async fn broken_law_waits_and_freezes_are_listed_in_the_tenants_zone() {
    let mut stand = Stand::new().await;
    let pipeline = stand.token("acme", Role::Pipeline, &[Class::Feature]).await;
    stand.result(Status::Pass, None).await;
    stand.write("peak.yaml", FREEZE).await;
    let (status, list) = stand.ask(&pipeline, Method::GET, "/v1/freezes?tenant=acme", &Value::Null).await;
    assert_eq!((status, list["items"].as_array().map(Vec::len)), (200, Some(1)), "{list}");
    let rule = &list["items"][0];
    assert_eq!((&rule["rule"], &rule["tier"], &rule["active"]), (&json!("peak"), &json!("platform"), &json!(true)));
    assert_eq!(rule["windows"][0]["to"], "2026-06-08T00:00:00+02:00");
    let other = stand.token("globex", Role::Viewer, &[]).await;
    let (_, none) = stand.ask(&other, Method::GET, "/v1/freezes", &Value::Null).await;
    assert_eq!(none["items"], json!([]), "it is not about this tenant");

    let broken = FREEZE.replace("name: peak", "name: trough").replace("effect: deny", "effect: maybe");
    std::fs::remove_file(stand.folder.path().join("manifests/peak.yaml")).expect("removed");
    stand.write("trough.yaml", &broken).await;
    let release = stand.create(&pipeline, "one").await;
    let answer = stand.decide(&pipeline, &question(&release, "one")).await;
    assert_eq!((&answer["decision"], &answer["code"]), (&json!("wait"), &json!("INDETERMINATE")), "{answer}");
    assert_eq!(answer["reasons"][0]["rule"], "trough");
}
