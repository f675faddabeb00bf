//! Shell: an API in a folder of its own: two tenants, their checks, two nodes.

use std::convert::Infallible;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use api::catalogue::Catalogue;
use api::http::token::Role;
use api::id::Digest;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use process::clock::{Clock as _, ManualClock, SharedClock};
use process::tls::Peer;
use prometheus::Registry;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;

use super::super::{Api, Parts, router};
use super::documented::Heard;
use crate::audit::Crossings;
use crate::authn::ca;
use crate::authn::token::{StoredToken, mint};
use crate::authz::PlatformScope;
use crate::gate::Gate;
use crate::placement::Placement;
use crate::placement::agents::Agents;
use crate::placement::lease::Leases;
use crate::placement::plan::SecretVersions;
use crate::placement::plan::tests::{agent, catalogue};
use crate::plugin::blobs::Blobs;
use crate::secret::dir::Secrets;
use crate::store::change::{Note, Recorded};
use crate::store::{Config, Store};
use crate::{gate, ingest};

/// Wall time of the start.
pub(in crate::http) const START_MS: i64 = 1_795_000_000_000;

pub(in crate::http) struct Stand {
    pub(in crate::http) api: Api,
    pub(in crate::http) clock: ManualClock,
    pub(in crate::http) catalogue: watch::Sender<Arc<Catalogue>>,
    pub(in crate::http) heard: Heard,
    router: Router,
    folder: tempfile::TempDir,
}

/// An answer, whole.
#[derive(Debug, PartialEq)]
pub(in crate::http) struct Answer {
    pub(in crate::http) status: StatusCode,
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) body: Bytes,
}

impl Stand {
    /// Both tenants have `a` on every node; acme has `order`, mutating, on one.
    pub(in crate::http) async fn new() -> Self {
        let checks = [
            "acme-prod/a: layer: business",
            "acme-prod/order: placement: {mode: Once}, mutating: true",
            "globex-prod/a: layer: business",
        ];
        let stand = Self::with(catalogue(&checks)).await;
        stand.keep_component(b"plugin");
        stand
    }

    /// With any catalogue, and the nodes `n1` and `n2`.
    pub(in crate::http) async fn with(catalogue: Arc<Catalogue>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        ca::init(&folder.path().join("ca"), START_MS).expect("an authority");
        let (store, threads) = Store::open(&Config { folder: folder.path().to_owned() }).expect("a store");
        threads.run_for_test();
        let (sender, receiver) = watch::channel(catalogue);
        let clock = ManualClock::new(START_MS, Duration::from_secs(1_000));
        let placement = Placement::restore(store.clone(), Arc::new(Agents::default()), receiver).await;
        let placement = Arc::new(placement.expect("restored"));
        let shared: SharedClock = Arc::new(clock.clone());
        let config = gate::Config { public_url: "https://gate.example".to_owned() };
        let metrics = gate::Metrics::register(&Registry::new()).expect("registered");
        let api = Api::from(Parts {
            gate: Gate::new(config, store.clone(), Arc::clone(&shared), &placement, metrics),
            store,
            clock: shared,
            placement,
            leases: Arc::new(tokio::sync::Mutex::new(Leases::default())),
            blobs: Arc::new(Blobs::open(folder.path().join("plugins")).expect("a folder")),
            secrets: Arc::new(Secrets::new(Some(folder.path().join("secrets")), [0; 32])),
            ingest: ingest::Metrics::register(&Registry::new()).expect("registered"),
            frames: Semaphore::new(1),
            background: process::supervise::Background::start("frames").expect("threads"),
            crossings: Crossings::default(),
            stopping: Default::default(),
        });
        let heard = Heard::default();
        let stand = Self { router: router(api.clone()), api, clock, catalogue: sender, heard, folder };
        for node in ["n1", "n2"] {
            stand.api.placement.agents().hear(&agent(node), START_MS, stand.clock.boot());
        }
        stand.renew().await;
        stand
    }

    /// What the catalogue does with a plugin's component.
    pub(in crate::http) fn keep_component(&self, bytes: &[u8]) {
        let component = self.folder.path().join("p.wasm");
        std::fs::write(&component, bytes).expect("written");
        self.api.blobs.take(&component, &Digest::of(bytes)).expect("kept");
    }

    /// The value of a secret that only its owner reads.
    pub(in crate::http) fn keep_secret(&self, path: &str, value: &str) {
        let file = self.folder.path().join("secrets").join(path);
        std::fs::create_dir_all(file.parent().expect("it has one")).expect("made");
        std::fs::write(&file, value).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");
    }

    /// What a new version of the manifests does.
    pub(in crate::http) async fn publish(&self, catalogue: Arc<Catalogue>) {
        self.catalogue.send_replace(catalogue);
        self.renew().await;
    }

    /// What the placement task does.
    pub(in crate::http) async fn renew(&self) {
        let seen = self.api.placement.agents().seen(self.clock.boot());
        let renewed = self.api.placement.renew(&seen, self.clock.wall_ms(), async |_| SecretVersions::new());
        renewed.await.expect("renewed");
    }

    /// A token, as `Authorization` has it.
    pub(in crate::http) async fn token(&self, tenant: Option<&str>, role: Role) -> String {
        let scope = PlatformScope::for_test().owner(tenant.map(|name| name.parse().expect("a label")));
        let minted = mint(scope.tenant().cloned(), role, vec![], START_MS + 3_600_000);
        let text = format!("Bearer {}", minted.text);
        super::super::tokens::store(&self.api.store, &scope, minted, START_MS).await.expect("stored");
        text
    }

    /// Asks with a token, or with nothing.
    pub(in crate::http) async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request"), None).await
    }

    /// Stores a token that was minted already, as two stands that hold the same ones do.
    pub(in crate::http) async fn keep_token(&self, stored: &StoredToken) {
        let scope = PlatformScope::for_test().owner(stored.tenant.clone());
        let stored = stored.clone();
        let note = Note { action: "token.created", subject: stored.id.clone(), detail: serde_json::json!({}) };
        let kept = self.api.store.change::<_, Infallible, _>(&scope, START_MS, move |tx| {
            tx.token_insert(&stored)?;
            Ok(Recorded::noted((), note))
        });
        kept.await.expect("stored");
    }

    /// Gets with a token.
    pub(in crate::http) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask("GET", path, Some(token), "").await
    }

    /// Asks as the agent of a node.
    pub(in crate::http) async fn as_agent(&self, node: &str, request: Request<Body>) -> Answer {
        let issued = ca::issue_agent(&self.folder.path().join("ca"), &agent(node), 1, START_MS).expect("issued");
        let certificate = CertificateDer::from_pem_file(issued.cert).expect("a certificate");
        self.send(request, Some(certificate)).await
    }

    /// Asks without a certificate.
    pub(in crate::http) async fn anybody(&self, request: Request<Body>) -> Answer {
        self.send(request, None).await
    }

    async fn send(&self, mut request: Request<Body>, certificate: Option<CertificateDer<'static>>) -> Answer {
        let address = "127.0.0.1:1".parse().expect("an address");
        request.extensions_mut().insert(Peer { address, certificate: certificate.map(Arc::new) });
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("whole").to_bytes();
        self.heard.hold(&method, &path, &head, &body);
        Answer { status: head.status, headers: head.headers, body }
    }
}

impl Answer {
    pub(in crate::http) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}
