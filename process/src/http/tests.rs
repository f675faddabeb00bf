//! Shell: listener and client against each other, over real sockets and real certificates.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use http::{Request, StatusCode, Version};
use prometheus::{IntCounter, Registry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::client::{Bounds, Client, ClientError};
use super::listen::{Limits, Listener};
use crate::ready::Readiness;
use crate::supervise::Jobs;
use crate::tls::testing::Authority;
use crate::tls::{self, Check, Peer, spiffe_uri};

const NODE_1: &str = "spiffe://floorwalker.local/agent/up/node-1";
const NODE_2: &str = "spiffe://floorwalker.local/agent/up/node-2";
/// Generous: no test waits for it unless it fails.
const BOUNDS: Bounds = Bounds { time_max: Duration::from_secs(20), body_bytes_max: 1024 };

struct Stand {
    folder: tempfile::TempDir,
    authority: Authority,
    server: Arc<tls::ServerTls>,
    address: SocketAddr,
    token: CancellationToken,
    serving: Jobs<std::io::Result<()>>,
}

async fn stand(router: Router) -> Stand {
    stand_within(Limits::default(), router).await
}

async fn stand_within(limits: Limits, router: Router) -> Stand {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::make(folder.path());
    authority.issue("server", &[]);
    let server = tls::server(authority.server_files("server")).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, Some(Arc::clone(&server)), limits).await.unwrap();
    let address = listener.address();
    let token = CancellationToken::new();
    let mut serving = Jobs::new(1);
    serving.spawn("listener", listener.serve(router, token.clone())).unwrap();
    Stand { folder, authority, server, address, token, serving }
}

impl Stand {
    fn client(&self, name: Option<&str>) -> Client {
        Client::new(tls::client(self.authority.client_files(name)).unwrap())
    }

    fn request(&self, path: &str) -> Request<Bytes> {
        Request::get(format!("https://{}{path}", self.address)).body(Bytes::new()).unwrap()
    }

    async fn drained(mut self) {
        self.token.cancel();
        self.serving.join_next().await.unwrap().unwrap().unwrap();
    }
}

async fn whoami(Extension(peer): Extension<Peer>) -> String {
    assert!(peer.address.ip().is_loopback());
    match peer.certificate {
        Some(certificate) => spiffe_uri(&certificate).unwrap(),
        None => "nobody".to_owned(),
    }
}

#[tokio::test]
async fn two_speak_http_2_and_a_client_certificate_is_optional() {
    let stand = stand(Router::new().route("/whoami", get(whoami))).await;
    stand.authority.issue("agent", &[NODE_1]);

    let answer = stand.client(Some("agent")).send(stand.request("/whoami"), BOUNDS).await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.body(), NODE_1);

    let answer = stand.client(None).send(stand.request("/whoami"), BOUNDS).await.unwrap();
    assert_eq!(answer.body(), "nobody");
    stand.drained().await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_no_connection() {
    let stand = stand(Router::new().route("/whoami", get(whoami))).await;
    let folder = tempfile::tempdir().unwrap();
    let other = Authority::make(folder.path());
    other.issue("agent", &[NODE_1]);

    let stranger = Client::new(tls::client(other.client_files(None)).unwrap());
    let error = stranger.send(stand.request("/whoami"), BOUNDS).await.unwrap_err();
    assert!(matches!(&error, ClientError::Connect { reason, .. } if reason.contains("certificate")), "{error}");

    let mut files = stand.authority.client_files(None);
    files.identity = other.client_files(Some("agent")).identity;
    let impostor = Client::new(tls::client(files).unwrap());
    assert!(impostor.send(stand.request("/whoami"), BOUNDS).await.is_err());
    stand.drained().await;
}

#[tokio::test]
async fn rotated_certificates_are_used_by_a_running_listener_and_client() {
    let stand = stand(Router::new().route("/whoami", get(whoami))).await;
    stand.authority.issue("agent", &[NODE_1]);
    let files = tls::client(stand.authority.client_files(Some("agent"))).unwrap();
    let client = Client::new(Arc::clone(&files));
    assert_eq!(client.send(stand.request("/whoami"), BOUNDS).await.unwrap().body(), NODE_1);

    stand.authority.issue("agent", &[NODE_2]);
    assert!(matches!(files.check(), Check::Replaced));
    assert_eq!(client.send(stand.request("/whoami"), BOUNDS).await.unwrap().body(), NODE_2);

    // Another authority altogether: both sides move, the port and the process stay.
    let next = Authority::make(stand.folder.path());
    next.issue("server", &[]);
    next.issue("agent", &[NODE_1]);
    assert!(matches!(stand.server.check(), Check::Replaced));
    assert!(matches!(files.check(), Check::Replaced));
    assert_eq!(client.send(stand.request("/whoami"), BOUNDS).await.unwrap().body(), NODE_1);
    stand.drained().await;
}

#[tokio::test]
async fn a_drain_lets_the_open_request_end_and_takes_no_other() {
    let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (at_work, go_on) = (Arc::clone(&arrived), Arc::clone(&release));
    let slow = move || async move {
        at_work.notify_one();
        go_on.notified().await;
        "done"
    };
    let mut stand = stand(Router::new().route("/slow", get(slow))).await;
    let (client, request) = (stand.client(None), stand.request("/slow"));
    let mut asking = Jobs::new(1);
    asking.spawn("ask", async move { client.send(request, BOUNDS).await }).unwrap();
    arrived.notified().await;

    stand.token.cancel();
    // The socket closes when the listener has seen the token; a refused connection is how a client sees it.
    while tokio::net::TcpStream::connect(stand.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    release.notify_one();
    let answer = asking.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(answer.body(), "done");
    stand.serving.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_closed() {
    let limits = Limits { head_time_max: Duration::from_millis(1), ..Limits::default() };
    let stand = stand_within(limits, Router::new().route("/whoami", get(whoami))).await;
    let connector =
        tokio_rustls::TlsConnector::from(tls::client(stand.authority.client_files(None)).unwrap().current());
    // Nothing, the beginning of what HTTP/2 begins with, and the beginning of a request.
    for said in [&b""[..], b"PRI * HTTP/2.0\r\n", b"GET /whoami HT"] {
        let socket = tokio::net::TcpStream::connect(stand.address).await.unwrap();
        let mut stream = connector.connect("localhost".try_into().unwrap(), socket).await.unwrap();
        // It may be closed already.
        stream.write_all(said).await.ok();
        let mut answer = vec![];
        let closed = tokio::time::timeout(BOUNDS.time_max, stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "held for ever after {said:?}");
    }
    stand.drained().await;
}

#[tokio::test]
async fn answers_are_bounded_in_bytes_and_in_time() {
    let router = Router::new()
        .route("/large", get(|| async { "x".repeat(1_025) }))
        .route("/never", post(std::future::pending::<()>));
    let stand = stand(router).await;
    let client = stand.client(None);
    let error = client.send(stand.request("/large"), BOUNDS).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge { bytes_max: 1_024, .. }), "{error}");

    let mut never = stand.request("/never");
    *never.method_mut() = http::Method::POST;
    let short = Bounds { time_max: Duration::from_millis(1), ..BOUNDS };
    let error = client.send(never, short).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn a_panic_cuts_its_own_connection_only() {
    let stand = stand(Router::new().route("/bug", get(bug)).route("/whoami", get(whoami))).await;
    let client = stand.client(None);
    let error = client.send(stand.request("/bug"), BOUNDS).await.unwrap_err();
    assert!(matches!(error, ClientError::Broken { .. }), "{error}");
    assert!(client.send(stand.request("/whoami"), BOUNDS).await.is_ok());
}

async fn bug() -> &'static str {
    panic!("a bug in a route")
}

#[tokio::test]
async fn admin_says_alive_ready_and_counts() {
    let registry = Registry::new();
    let runs = IntCounter::new("runs_total", "Runs.").unwrap();
    registry.register(Box::new(runs.clone())).unwrap();
    runs.inc();
    let (readiness, stopping) = (Readiness::new(), CancellationToken::new());
    let latch = readiness.latch("store");
    let stand =
        stand(super::admin::router(registry, super::scrapers::Scrapers::Anybody, readiness, stopping.clone())).await;
    let client = stand.client(None);
    let ask = async |path: &str| {
        let answer = client.send(stand.request(path), BOUNDS).await.unwrap();
        (answer.status(), String::from_utf8_lossy(answer.body()).into_owned())
    };

    assert_eq!(ask("/livez").await, (StatusCode::OK, "ok\n".to_owned()));
    assert_eq!(ask("/readyz").await, (StatusCode::SERVICE_UNAVAILABLE, "waiting for store\n".to_owned()));
    latch.release();
    assert_eq!(ask("/readyz").await, (StatusCode::OK, "ready\n".to_owned()));
    assert!(ask("/metrics").await.1.contains("runs_total 1"));
    stopping.cancel();
    assert_eq!(ask("/readyz").await, (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned()));
}
