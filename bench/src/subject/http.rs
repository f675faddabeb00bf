//! Shell: one HTTP check through the sandbox, its result included, beside the same request by hyper alone and by the
//! blackbox exporter: a new connection each, the same server on another thread. CPU of the asking thread, and of the
//! exporter's process, which is asked over one connection that stays.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;

use agent::judge::outcome::Run;
use anyhow::{Context as _, bail};
use api::grant::{Effective, GrantSet};
use api::id::RunId;
use api::result::{CheckResult, Status};
use bytes::Bytes;
use harness::http::Client;
use harness::real::blackbox;
use host::run;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::runtime;
use crate::cpu;
use crate::process;
use crate::stage::{Stage, call};
use crate::table::Table;

const CALLS: u32 = 2_000;
/// Probes before the exporter is measured: its heap and its connections are as they stay.
const WARM_UP: u32 = 200;
/// A run like any other.
const RUN: Run = Run { id: RunId(uuid::Uuid::nil()), scheduled_at_ms: 0 };
const BODY: &str = "{\"status\":\"ok\",\"queue\":0}";

pub(crate) fn measure(stage: &Stage, table: &mut Table) -> anyhow::Result<()> {
    let plugin = stage.load(&stage.artefact("forbidden_host")?)?;
    let address = serve()?;
    let grants = grants(address)?;
    let config = format!("{{\"urls\":[\"http://{address}/health\"]}}");
    let check = async || {
        let outcome = run(&plugin, call(&config, grants.clone()), &stage.backends).await;
        agent::judge::outcome::result(RUN, &outcome)
    };
    let runtime = runtime()?;
    match runtime.block_on(check()) {
        CheckResult { status: Status::Pass, summary, .. } if summary == format!("200 {BODY}") => {}
        result => bail!("the check ended with {result:?}"),
    }
    runtime.block_on(native(address))?;
    let sandboxed = runtime.block_on(cpu::per_call_us(CALLS, check));
    let native = runtime.block_on(cpu::per_call_us(CALLS, || native(address)));
    table.compare("HTTP check, CPU", sandboxed, "µs", (native, "native hyper"));
    table.bar("at most 2.2 x");
    if let Some(why) = blackbox::unavailable() {
        eprintln!("HTTP check beside the blackbox exporter: not measured, {why}");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let exporter = runtime.block_on(exporter_us(address, folder.path()))?;
    table.compare("HTTP check, CPU", sandboxed, "µs", (exporter, "blackbox exporter"));
    table.bar("at most 0.25 x");
    Ok(())
}

/// CPU of the exporter for one probe of the address, answer included.
async fn exporter_us(address: SocketAddr, folder: &Path) -> anyhow::Result<f64> {
    let exporter = blackbox::start("modules: {http_2xx: {prober: http}}", folder).await?;
    let client = Client::plain(&format!("http://{}", exporter.address))?;
    let probe = format!("/probe?module=http_2xx&target=http%3A%2F%2F{address}%2Fhealth");
    let asked = async |times: u32| {
        for _ in 0..times {
            let answer = client.get(&probe).await?;
            if !answer.text().contains("\nprobe_success 1\n") {
                bail!("the exporter's probe failed: {}", answer.text());
            }
        }
        Ok(())
    };
    asked(WARM_UP).await?;
    let before = process::cpu(exporter.pid())?;
    asked(CALLS).await?;
    let spent = process::cpu(exporter.pid())? - before;
    exporter.stop();
    Ok(spent.as_secs_f64() * 1e6 / f64::from(CALLS))
}

fn grants(address: SocketAddr) -> anyhow::Result<Effective> {
    let set = GrantSet { http: vec![format!("http://{address}").parse()?], node_files: Vec::new() };
    Ok(Effective { grants: set.clone(), ceiling: set, addresses: vec!["127.0.0.1/32".parse()?] })
}

async fn native(address: SocketAddr) -> anyhow::Result<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/health")
        .header("host", address.to_string())
        .header("connection", "close")
        .body(Empty::<Bytes>::new())?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        Ok::<_, hyper::Error>(response.into_body().collect().await?.to_bytes())
    };
    let (connection, body) = tokio::join!(connection, exchange);
    connection?;
    if body? != BODY {
        bail!("another body came");
    }
    Ok(())
}

/// A server on a thread of its own, for as long as the process lives.
fn serve() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = runtime()?;
    let serving = move || {
        if let Err(error) = runtime.block_on(accept(listener)) {
            eprintln!("the server stopped: {error}");
        }
    };
    std::thread::Builder::new().name("server".to_owned()).spawn(serving).context("no thread for the server")?;
    Ok(address)
}

#[expect(clippy::disallowed_methods, reason = "the server's connections live and die with its thread")]
async fn accept(listener: std::net::TcpListener) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(connection);
    }
}

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(BODY.as_bytes()))))
}
