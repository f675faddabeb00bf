//! Shell: one HTTP check through the sandbox beside the same request by hyper alone: a new connection each, the same
//! server on another thread, CPU of the asking thread.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use api::grant::{Effective, GrantSet};
use bytes::Bytes;
use host::{End, run};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::runtime;
use crate::cpu;
use crate::stage::{Stage, call};
use crate::table::Table;

const CALLS: u32 = 2_000;
const BODY: &str = "{\"status\":\"ok\",\"queue\":0}";

pub(crate) fn measure(stage: &Stage, table: &mut Table) -> anyhow::Result<()> {
    let plugin = stage.load(&stage.artefact("forbidden_host")?)?;
    let address = serve()?;
    let grants = grants(address)?;
    let config = format!("{{\"urls\":[\"http://{address}/health\"]}}");
    let check = || run(&plugin, call(&config, grants.clone()), &stage.backends);
    let runtime = runtime()?;
    match runtime.block_on(check()).end {
        End::Verdict(verdict) if verdict.summary == format!("200 {BODY}") => {}
        end => bail!("the check ended with {end:?}"),
    }
    runtime.block_on(native(address))?;
    let sandboxed = runtime.block_on(cpu::per_call_us(CALLS, check));
    let native = runtime.block_on(cpu::per_call_us(CALLS, || native(address)));
    table.compare("HTTP check, CPU", sandboxed, "µs", (native, "native hyper"));
    table.bar("at most 2.2 x");
    Ok(())
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
