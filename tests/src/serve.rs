//! Shell: a web server for probes to look at: fixed answers by path, in the clear or over TLS. Used by the suite
//! `systems`.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::tls::Identity;

/// An answer: status, headers, body.
pub type Page = (u16, Vec<(&'static str, String)>, String);
/// Answers by path; any other path is a 404.
pub type Pages = BTreeMap<&'static str, Page>;

/// A server that answers until it is dropped.
#[derive(Debug)]
pub struct Server {
    /// `http://127.0.0.1:PORT`, `http://[::1]:PORT` or `https://localhost:PORT`
    pub url: String,
    pub(crate) task: JoinHandle<()>,
}

/// Serves pages in the clear.
///
/// # Errors
/// No port is free.
pub async fn plain(pages: Pages) -> anyhow::Result<Server> {
    plain_at(Ipv4Addr::LOCALHOST.into(), pages).await
}

/// Serves pages in the clear on one address and on no other, such as that of IPv6.
///
/// # Errors
/// No port is free there.
pub async fn plain_at(address: IpAddr, pages: Pages) -> anyhow::Result<Server> {
    let listener = TcpListener::bind((address, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let pages = Arc::new(pages);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&pages)));
        }
    });
    Ok(Server { url, task })
}

/// Serves pages over TLS, as `localhost`.
///
/// # Errors
/// The identity is none, or no port is free.
pub async fn tls(pages: Pages, identity: &Identity) -> anyhow::Result<Server> {
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).context("no key")?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://localhost:{}", listener.local_addr()?.port());
    let pages = Arc::new(pages);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, pages) = (acceptor.clone(), Arc::clone(&pages));
            tokio::spawn(async move {
                // A client that does not like the certificate goes away here; that is its test.
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, pages).await;
                }
            });
        }
    });
    Ok(Server { url, task })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, pages: Arc<Pages>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let page = pages.get(request.uri().path()).cloned().unwrap_or_else(|| (404, Vec::new(), String::new()));
        async move { Ok::<_, Infallible>(render(page)) }
    });
    // A connection that breaks is its client's affair.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

fn render((status, headers, body): Page) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(body))).expect("the pages of a test are well formed")
}
