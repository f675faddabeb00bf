//! Shell: the one HTTPS client: pooled, HTTP/2 where the server speaks it, bounded in time and in bytes.
//!
//! Agent and command-line tool wrap it in their typed calls (`http/aggregator`). It retries nothing and follows
//! no redirect; a rotated certificate is used from the next request on.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Pool, Error as PoolError};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::supervise::chain;
use crate::tls::ClientTls;

/// The bounds of one request.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// From asking to the last byte of the answer.
    pub time_max: Duration,
    /// Of the answer's body.
    pub body_bytes_max: usize,
}

/// For TCP and TLS each: within one data centre it is milliseconds, across the world under a second.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Shorter than any load balancer's own idle time (60 s is the usual least), so that we hang up first.
const IDLE_TIME_MAX: Duration = Duration::from_secs(50);
/// A server that is gone is noticed within twice that, long polls included.
const PING_EVERY: Duration = Duration::from_secs(20);

/// A client of any number of servers. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    tls: Arc<ClientTls>,
    pool: Arc<Mutex<Generation>>,
}

type HttpsPool = Pool<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Connections made with one set of certificates.
#[derive(Debug)]
struct Generation {
    number: u64,
    pool: HttpsPool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection: name, address, or TLS.
    #[error("no connection to {authority}: {reason}")]
    Connect {
        /// Host and port asked for.
        authority: String,
        /// What failed, with its causes.
        reason: String,
    },
    /// The time was over.
    #[error("no answer from {authority} within {} ms", time_max.as_millis())]
    Timeout {
        /// Host and port asked for.
        authority: String,
        /// What was granted.
        time_max: Duration,
    },
    /// The answer is larger than the caller takes.
    #[error("the answer from {authority} is larger than {bytes_max} bytes")]
    TooLarge {
        /// Host and port asked for.
        authority: String,
        /// What the caller takes.
        bytes_max: usize,
    },
    /// The connection broke while in use. Whether the server acted is not known.
    #[error("the connection to {authority} broke: {reason}")]
    Broken {
        /// Host and port asked for.
        authority: String,
        /// What failed, with its causes.
        reason: String,
    },
}

// === impl Client ===

impl Client {
    /// A client without connections yet.
    #[must_use]
    pub fn new(tls: Arc<ClientTls>) -> Self {
        let generation = Generation::begin(&tls);
        Self { tls, pool: Arc::new(Mutex::new(generation)) }
    }

    /// Sends one request to an absolute `https` URI and takes the whole answer, whatever its status.
    ///
    /// # Errors
    /// No connection, no answer in time, too large an answer, or a connection that broke.
    pub async fn send(&self, request: Request<Bytes>, bounds: Bounds) -> Result<Response<Bytes>, ClientError> {
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let pool = self.pool();
        let exchange = async {
            let answer = pool.request(request.map(Full::new)).await.map_err(|error| no_answer(&authority, &error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, bounds.body_bytes_max).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    ClientError::TooLarge { authority: authority.clone(), bytes_max: bounds.body_bytes_max }
                } else {
                    ClientError::Broken { authority: authority.clone(), reason: chain(error.as_ref()) }
                }
            })?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        match tokio::time::timeout(bounds.time_max, exchange).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(ClientError::Timeout { authority: authority.clone(), time_max: bounds.time_max }),
        }
    }

    /// The pool of the certificates in use now. Requests under way keep the one they began with.
    fn pool(&self) -> HttpsPool {
        let mut generation = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if generation.number != self.tls.generation() {
            *generation = Generation::begin(&self.tls);
        }
        generation.pool.clone()
    }
}

// === impl Generation ===

impl Generation {
    fn begin(tls: &ClientTls) -> Self {
        // The number first: a replacement in between costs one more pool, never an old certificate for good.
        let number = tls.generation();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIME_MAX));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls.current().as_ref().clone())
            .https_only()
            .enable_all_versions()
            .wrap_connector(tcp);
        let pool = Pool::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME_MAX)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_EVERY)
            .build(https);
        Self { number, pool }
    }
}

/// What to do about a certificate that has ended, which happens to every installation once.
fn remedy(error: &PoolError, reason: &str) -> &'static str {
    use rustls::{CertificateError as Refused, Error as Tls};
    // An alert that comes after the handshake, as TLS 1.3 has it for clients, reaches us through HTTP/2 as words alone.
    if reason.contains("received fatal alert: CertificateExpired") {
        return " (give this client a new certificate; it is used once its file has changed)";
    }
    let mut next = error.source();
    while let Some(cause) = next {
        match of_tls(cause) {
            Some(Tls::InvalidCertificate(Refused::Expired | Refused::ExpiredContext { .. })) => {
                return " (give the server a new certificate; it is used once its file has changed)";
            }
            _ => next = cause.source(),
        }
    }
    ""
}

/// TLS's own error, which I/O errors carry inside and do not name as their source.
fn of_tls<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    cause.downcast_ref::<rustls::Error>().or_else(|| of_tls(cause.downcast_ref::<io::Error>()?.get_ref()?))
}

fn no_answer(authority: &str, error: &PoolError) -> ClientError {
    let authority = authority.to_owned();
    // The pool's own words ("client error (Connect)") say nothing: begin with their cause.
    let reason = error.source().map_or_else(|| error.to_string(), chain);
    let reason = format!("{reason}{}", remedy(error, &reason));
    if error.is_connect() {
        ClientError::Connect { authority, reason }
    } else {
        ClientError::Broken { authority, reason }
    }
}
