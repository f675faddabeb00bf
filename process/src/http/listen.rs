//! Shell: one listener: HTTP/1.1 and HTTP/2, over TLS or plain TCP, with limits and a graceful drain.
//!
//! The composition root binds it (port 0 in tests) and spawns [`Listener::serve`]. Each request carries its
//! [`Peer`] as an extension. Deadlines and caps of single requests are the router's.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::opening::{Spoken, open};
use crate::supervise::{Jobs, Panicked};
use crate::tls::{Peer, ServerTls};

/// The bounds of one listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time; more wait in the kernel's queue.
    pub connections_max: usize,
    /// For a TLS handshake.
    pub handshake_time_max: Duration,
    /// For the first bytes of a connection, and for a request's head; an idle HTTP/1.1 connection ends after it too.
    pub head_time_max: Duration,
    /// Requests at a time on one HTTP/2 connection.
    pub streams_max: u32,
    /// Between two pings of an HTTP/2 connection; a peer that is gone is noticed within twice that.
    pub ping_every: Duration,
    /// For open requests once the drain began; then their connections are cut.
    pub drain_time_max: Duration,
}

/// A bound socket, not yet serving.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerTls>>,
    limits: Limits,
}

// === impl Limits ===

impl Default for Limits {
    /// 4,096 connections are one node pool's agents on one replica at about 64 KiB each, so 256 MiB at the very
    /// worst; a long poll holds one stream, so 128 streams are far more than an agent opens; 15 s of drain stay
    /// below the 30 s Kubernetes grants a pod.
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            handshake_time_max: Duration::from_secs(10),
            head_time_max: Duration::from_secs(30),
            streams_max: 128,
            ping_every: Duration::from_secs(20),
            drain_time_max: Duration::from_secs(15),
        }
    }
}

// === impl Listener ===

impl Listener {
    /// Binds, and takes the bound address: with port 0 the system chooses.
    ///
    /// # Errors
    /// The address is taken or not ours.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<ServerTls>>, limits: Limits) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, tls, limits })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `token` is cancelled, then takes no new connection and lets open requests end.
    ///
    /// # Errors
    /// None at present that ends a listener: a failed accept is logged and tried again.
    pub async fn serve(self, router: Router, token: CancellationToken) -> io::Result<()> {
        let mut connections = Jobs::new(self.limits.connections_max);
        loop {
            tokio::select! {
                biased;
                () = token.cancelled() => break,
                Some(ended) = connections.join_next() => note(ended),
                accepted = self.socket.accept(), if connections.has_room() => match accepted {
                    Ok((stream, address)) => {
                        let connection =
                            Connection { tls: self.tls.clone(), limits: self.limits, address, token: token.clone() };
                        let served = connection.serve(stream, router.clone());
                        connections.spawn("connection", served).map_err(io::Error::other)?;
                    }
                    Err(error) => self.rest(&error).await,
                }
            }
        }
        drop(self.socket);
        let drained = async {
            while let Some(ended) = connections.join_next().await {
                note(ended)
            }
        };
        if tokio::time::timeout(self.limits.drain_time_max, drained).await.is_err() {
            tracing::warn!(listener = %self.address, connections = connections.len(), "connections cut, they did not drain in time");
        }
        Ok(())
    }

    /// Out of file handles, most likely: asking again at once would spin.
    async fn rest(&self, error: &io::Error) {
        const REST: Duration = Duration::from_millis(100);
        tracing::warn!(listener = %self.address, %error, "a connection was not accepted; raise the limit of open files");
        tokio::time::sleep(REST).await;
    }
}

fn note(ended: Result<(), Panicked>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a request panicked, its connection was cut");
    }
}

// === impl Connection ===

struct Connection {
    tls: Option<Arc<ServerTls>>,
    limits: Limits,
    address: SocketAddr,
    token: CancellationToken,
}

impl Connection {
    async fn serve(self, stream: TcpStream, router: Router) {
        stream.set_nodelay(true).ok();
        let Some(tls) = &self.tls else {
            let peer = Peer { address: self.address, certificate: None };
            return self.answer(stream, router, peer).await;
        };
        let acceptor = TlsAcceptor::from(tls.current());
        let handshake = tokio::time::timeout(self.limits.handshake_time_max, acceptor.accept(stream));
        match handshake.await {
            Ok(Ok(stream)) => {
                let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                let certificate = certificate.map(|own| Arc::new(own.clone().into_owned()));
                let peer = Peer { address: self.address, certificate };
                self.answer(stream, router, peer).await;
            }
            // A client's mistake or a scanner: no reason to wake anybody.
            Ok(Err(error)) => tracing::debug!(peer = %self.address, %error, "handshake failed"),
            Err(_elapsed) => tracing::debug!(peer = %self.address, "handshake took too long"),
        }
    }

    async fn answer<S>(self, stream: S, router: Router, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = router.map_request(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            request
        });
        let opening = tokio::time::timeout(self.limits.head_time_max, open(stream));
        let (spoken, stream) = tokio::select! {
            opened = opening => match opened {
                Ok(Ok(opened)) => opened,
                Ok(Err(error)) => return tracing::debug!(peer = %self.address, %error, "connection ended unused"),
                Err(_elapsed) => return tracing::debug!(peer = %self.address, "connection closed, it asked nothing"),
            },
            () = self.token.cancelled() => return,
        };
        let builder = match spoken {
            Spoken::Http1 => self.builder().http1_only(),
            Spoken::Http2 => self.builder().http2_only(),
        };
        let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.token.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(peer = %self.address, %error, "connection ended early");
        }
    }

    fn builder(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.limits.head_time_max);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.streams_max)
            .keep_alive_interval(self.limits.ping_every)
            .keep_alive_timeout(self.limits.ping_every);
        builder
    }
}
