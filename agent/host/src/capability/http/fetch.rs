//! Shell: sends one request of a guest and whatever redirects it may follow, each judged anew. HTTP/1.1 on a connection
//! of its own; the connection is driven by the same task and gone with it. It keeps nothing and retries nothing.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use api::grant::Origin;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::uri::InvalidUri;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::ask::Ask;
use super::body::{self, Kept};
use super::{quota, redirect};
use crate::bindings::wit::http as guest;
use crate::call::Call;
use crate::meter::Stopwatch;
use crate::net::{Dialer, Failure, Stage, Stream, allow, phase};
use crate::outcome::{HostReason, Phases, RequestError, RequestReport, TlsReport};
use crate::trail::exchanges::Exchange;

/// Marks synthetic traffic; a plugin's own words come before it.
const USER_AGENT: &str = concat!("floorwalker/", env!("CARGO_PKG_VERSION"), " (synthetic)");
/// Left of the run when a request is cut off, so that the guest can still say so.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// A response's head; nginx sends 8 KiB at most.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;

/// What all requests of one host call share.
pub(super) struct Way<'a> {
    pub(super) call: &'a Call,
    pub(super) dialer: &'a Dialer,
    pub(super) requests_left: &'a AtomicU32,
    pub(super) bodies_left: &'a AtomicU64,
    /// When the last of them is cut off.
    pub(super) until: Instant,
}

/// A response, and what is told of the way to it.
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Kept,
    details: String,
}

struct Hop {
    status: StatusCode,
    headers: HeaderMap,
    body: Kept,
}

type Connection = http1::Connection<TokioIo<Stream>, Full<Bytes>>;

/// Sends a request and follows what it may follow.
pub(super) async fn fetch(way: &Way<'_>, request: guest::Request, record: &mut Exchange) -> Result<Answer, Failure> {
    let mut ask = Ask::read(request, &way.call.secrets, &way.call.limits)?;
    let deadline = deadline(ask.options.timeout, way.until)?;
    let mut left_behind: Vec<Url> = Vec::new();
    loop {
        let hop = hop(way, &ask, deadline, record).await?;
        let next = match usize::from(ask.options.redirects) > left_behind.len() {
            true => redirect::target(hop.status, &hop.headers, &ask.url)?,
            false => None,
        };
        let Some(next) = next else {
            let report = record.hops.last().expect("a hop that answered has its report");
            let details = details(&ask.url, report, &left_behind);
            return Ok(Answer { status: hop.status, headers: hop.headers, body: hop.body, details });
        };
        left_behind.push(ask.url.clone());
        redirect::follow(&mut ask, hop.status, next)?;
    }
}

/// When requests of a host call that begins now are cut off, in a run with this much time left.
pub(super) fn until(left: Duration) -> Instant {
    Instant::now() + left.saturating_sub(LAST_WORDS)
}

/// When this one is: as it asked, and with the call.
fn deadline(asked: Option<Duration>, until: Instant) -> Result<Instant, Failure> {
    let now = Instant::now();
    if until <= now {
        // Said here and not by the phase it would die in: the target is not to blame.
        return Err(Failure::new(HostReason::DeadlineExceeded, "the run has no time left for a request"));
    }
    let left = until - now;
    Ok(now + asked.map_or(left, |asked| asked.min(left)))
}

/// One request on the wire, reported however far it comes.
async fn hop(way: &Way<'_>, ask: &Ask, deadline: Instant, record: &mut Exchange) -> Result<Hop, Failure> {
    let took = way.requests_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    took.map_err(|_| quota(way.call.limits.requests))?;
    let origin = allow::origin(&ask.url)?;
    let step = record.step;
    record.hops.push(RequestReport {
        method: ask.method.to_string(),
        origin: origin.to_string(),
        step,
        status: None,
        version: None,
        phases: Phases::default(),
        body_bytes: 0,
        error: None,
        tls: None,
    });
    let report = record.hops.last_mut().expect("just pushed");
    let mut stage = Stage::default();
    let sent = timeout_at(deadline, send(way, ask, &origin, deadline, &mut stage, report)).await;
    let answer = sent.unwrap_or_else(|_| Err(late(stage)));
    if let Err(failure) = &answer {
        report.error = Some(RequestError { reason: failure.reason, message: failure.message.clone() });
    }
    answer
}

fn late(stage: Stage) -> Failure {
    match stage {
        // A guest takes `deadline-exceeded` for a slow target; this is the node's own budget.
        Stage::Queue => {
            Failure::new(HostReason::QuotaExceeded, "the node resolves as many names as it may, none came free in time")
        }
        Stage::Resolve => Failure::new(HostReason::DnsFailure, "the name was not resolved in time"),
        Stage::Connect => Failure::new(HostReason::ConnectTimeout, "no connection in time"),
        Stage::Talk => Failure::new(HostReason::DeadlineExceeded, "the answer did not come in time"),
    }
}

async fn send(
    way: &Way<'_>,
    ask: &Ask,
    origin: &Origin,
    deadline: Instant,
    stage: &mut Stage,
    report: &mut RequestReport,
) -> Result<Hop, Failure> {
    allow::admit(origin, &way.call.grants)?;
    let call = way.call;
    let stream = way.dialer.dial(&call.owner.tenant, origin, &call.grants, deadline, stage, report).await?;
    let broken = |error: hyper::Error| Failure::new(HostReason::ProtocolError, format!("HTTP: {error}"));
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let mut driver = Driver(Some(connection));
    let clock = Stopwatch::start();
    let response = driver.with(sender.send_request(wire(ask, origin, call)?)).await;
    report.phases.processing = Some(clock.elapsed());
    let (head, incoming): (_, Incoming) = response.map_err(broken)?.into_parts();
    report.status = Some(head.status.as_u16());
    report.version = Some(format!("{:?}", head.version));
    let clock = Stopwatch::start();
    let body = driver.with(body::read(incoming, ask.options.body_bytes_max, way.bodies_left)).await;
    report.phases.transfer = Some(clock.elapsed());
    let body = body?;
    report.body_bytes = body.bytes.len() as u64;
    Ok(Hop { status: head.status, headers: head.headers, body })
}

/// The request as it goes out: the guest's headers and the host's.
fn wire(ask: &Ask, origin: &Origin, call: &Call) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::new(Full::new(ask.body.clone()));
    *request.method_mut() = ask.method.clone();
    let target = match ask.url.query() {
        Some(query) => format!("{}?{query}", ask.url.path()),
        None => ask.url.path().to_owned(),
    };
    // A server may have named it: what one crate writes and the other does not read is refused, never believed.
    let unsayable =
        |error: InvalidUri| Failure::new(HostReason::ProtocolError, format!("the URL cannot be sent: {error}"));
    *request.uri_mut() = target.parse().map_err(unsayable)?;
    let headers = request.headers_mut();
    *headers = ask.headers.clone();
    let own = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let agent = own.map_or(USER_AGENT.to_owned(), |own| format!("{own} {USER_AGENT}"));
    let usual = matches!((origin.scheme.as_str(), origin.port), ("http", 80) | ("https", 443));
    let host = if usual { origin.host.clone() } else { format!("{}:{}", origin.host, origin.port) };
    let mut set = |name, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set(header::USER_AGENT, &agent);
    set(header::HOST, &host);
    set(header::CONNECTION, "close");
    if let Some(parent) = &call.trace_parent {
        set(header::HeaderName::from_static("traceparent"), parent);
    }
    Ok(request)
}

/// Drives a connection while something of it is awaited.
struct Driver(Option<Connection>);

impl Driver {
    async fn with<F: Future>(&mut self, wanted: F) -> F::Output {
        let mut wanted = std::pin::pin!(wanted);
        poll_fn(|cx| {
            if let Poll::Ready(output) = wanted.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            if let Some(connection) = &mut self.0
                && Pin::new(connection).poll(cx).is_ready()
            {
                // Whoever waits for it is told of its end, and of its error, by what it waits for.
                self.0 = None;
            }
            wanted.as_mut().poll(cx)
        })
        .await
    }
}

fn details(url: &Url, report: &RequestReport, left_behind: &[Url]) -> String {
    let mut details = Map::new();
    details.insert("url".to_owned(), url.as_str().into());
    details.insert("version".to_owned(), report.version.clone().into());
    details.insert("phases".to_owned(), phase::json(&report.phases));
    details.insert("redirects".to_owned(), left_behind.iter().map(Url::as_str).collect::<Vec<_>>().into());
    if let Some(TlsReport { version: Some(version), .. }) = &report.tls {
        details.insert("tls_version".to_owned(), version.as_str().into());
    }
    if let Some(certificate) = report.tls.as_ref().and_then(|tls| tls.certificate.as_ref()) {
        let facts = json!({
            "subject": certificate.subject,
            "issuer": certificate.issuer,
            "not_before": certificate.not_before_s,
            "not_after": certificate.not_after_s,
            "days_left": certificate.days_left,
            "chain_not_after": certificate.chain_not_after_s,
        });
        details.insert("certificate".to_owned(), facts);
    }
    Value::Object(details).to_string()
}

impl From<Answer> for guest::Response {
    fn from(answer: Answer) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Self {
            status: answer.status.as_u16(),
            headers,
            body: answer.body.bytes,
            truncated: answer.body.truncated,
            details: answer.details,
        }
    }
}
