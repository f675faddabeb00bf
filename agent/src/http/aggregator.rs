//! Shell: typed calls to the aggregator, over TLS with the agent's certificate. Called by `assign`, `plugin`, `run` and
//! `report`. It retries nothing: `report/backoff` says when its callers try again.

use std::time::Duration;

use api::frame::{Ack, Assignments, Conflict, LeaseAnswer, LeaseRequest, Secrets, codec};
use api::id::{CheckId, Digest};
use api::limits::{COMPONENT_BYTES_MAX, POLL_WAIT, SECRETS_BYTES_MAX};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use process::http::client::{Bounds, Client, ClientError};

/// MessagePack without a name of its own.
const MSGPACK: &str = "application/msgpack";
/// What an answer may take beside what the aggregator waits on purpose: a group commit on a busy disk is a second.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// A component of 32 MiB over a slow line of 5 Mbit/s.
const COMPONENT_TIME_MAX: Duration = Duration::from_secs(60);
/// A lease that takes longer than this to get has lost too much of itself: the margin is 30 s.
const LEASE_TIME_MAX: Duration = Duration::from_secs(5);
/// Five tenants that use up their usual limits, 200 checks with a configuration of `CONFIG_BYTES_MAX` each (a test has
/// one), or 8,000 checks of 8 KiB: one tenant cannot keep the others' changes from a node.
pub const ASSIGNMENTS_BYTES_MAX: usize = 64 << 20;
/// An acknowledgement that rejects all of a frame's 4,096 records.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// Of a complaint, what goes into a log line.
const COMPLAINT_CHARS_MAX: usize = 300;

/// The aggregator of this agent. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Aggregator {
    client: Client,
    /// Without a slash at its end.
    base: String,
}

/// Why there is no answer of use.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No answer at all.
    #[error("the aggregator did not answer")]
    Client(#[from] ClientError),
    /// Another status than the ones that mean something.
    #[error("the aggregator answered {status}: {complaint}")]
    Status {
        /// The status.
        status: StatusCode,
        /// The beginning of its body.
        complaint: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// An answer that does not decode.
    #[error("the aggregator's answer is not readable")]
    Decode(#[from] codec::CodecError),
    /// A component that is not what was asked for.
    #[error("the component has the digest {0}, another was asked for")]
    Digest(Digest),
    /// The address or a name gives no URL.
    #[error("no request can be made")]
    Request(#[from] http::Error),
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameAnswer {
    /// Taken.
    Taken(Ack),
    /// It does not go on where the aggregator stands.
    Conflict(Conflict),
}

// === impl Aggregator ===

impl Aggregator {
    /// The aggregator at an address.
    pub fn new(client: Client, address: &url::Url) -> Self {
        Self { client, base: address.as_str().trim_end_matches('/').to_owned() }
    }

    /// What to run, once it differs from `etag`; none when nothing changed for as long as the poll hangs.
    ///
    /// # Errors
    /// No answer of use.
    pub async fn assignments(&self, etag: Option<&str>) -> Result<Option<Assignments>, CallError> {
        let path = format!("/v1/agent/assignments?wait={}s", POLL_WAIT.as_secs());
        let mut request = self.get(&path);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, format!("\"{etag}\""));
        }
        let bounds = Bounds { time_max: POLL_WAIT + ANSWER_TIME_MAX, body_bytes_max: ASSIGNMENTS_BYTES_MAX };
        let answer = self.client.send(request.body(Bytes::new())?, bounds).await?;
        match answer.status() {
            StatusCode::NOT_MODIFIED => Ok(None),
            StatusCode::OK => {
                let mut assignments: Assignments = codec::decode(answer.body())?;
                // Header and body say the same; the header is what the next poll is compared with.
                if let Some(tag) = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()) {
                    assignments.etag = tag.trim_start_matches("W/").trim_matches('"').to_owned();
                }
                Ok(Some(assignments))
            }
            _ => Err(refused(&answer)),
        }
    }

    /// A component's bytes, which have the digest.
    ///
    /// # Errors
    /// No answer of use, or other bytes.
    pub async fn component(&self, digest: &Digest) -> Result<Bytes, CallError> {
        let request = self.get(&format!("/v1/agent/plugins/{}", digest.hex())).body(Bytes::new())?;
        let bounds = Bounds { time_max: COMPONENT_TIME_MAX, body_bytes_max: COMPONENT_BYTES_MAX };
        let component = ok(self.client.send(request, bounds).await?)?;
        let sent = Digest::of(&component);
        if sent == *digest { Ok(component) } else { Err(CallError::Digest(sent)) }
    }

    /// Values of the secrets of this node's checks. Without them those checks are skipped and say so; assignments do not
    /// wait for them.
    ///
    /// # Errors
    /// No answer of use.
    pub async fn secrets(&self) -> Result<Secrets, CallError> {
        let request = self.get("/v1/agent/secrets").body(Bytes::new())?;
        let bounds = Bounds { time_max: ANSWER_TIME_MAX, body_bytes_max: SECRETS_BYTES_MAX };
        Ok(codec::decode(&ok(self.client.send(request, bounds).await?)?)?)
    }

    /// May I run this mutating check?
    ///
    /// # Errors
    /// No answer of use; then there is no lease.
    pub async fn lease(&self, check_id: CheckId) -> Result<LeaseAnswer, CallError> {
        let body = codec::encode(&LeaseRequest { check_id })?;
        let request = self.post("/v1/agent/leases", MSGPACK).body(Bytes::from(body))?;
        let bounds = Bounds { time_max: LEASE_TIME_MAX, body_bytes_max: ANSWER_BYTES_MAX };
        Ok(codec::decode(&ok(self.client.send(request, bounds).await?)?)?)
    }

    /// Sends a packed frame.
    ///
    /// # Errors
    /// No answer of use; the frame is sent again later.
    pub async fn frame(&self, packed: Vec<u8>) -> Result<FrameAnswer, CallError> {
        let request = self.post("/v1/agent/frames", codec::MEDIA_TYPE).body(Bytes::from(packed))?;
        let bounds = Bounds { time_max: ANSWER_TIME_MAX, body_bytes_max: ANSWER_BYTES_MAX };
        let answer = self.client.send(request, bounds).await?;
        match answer.status() {
            StatusCode::OK => Ok(FrameAnswer::Taken(codec::decode(answer.body())?)),
            StatusCode::CONFLICT => Ok(FrameAnswer::Conflict(codec::decode(answer.body())?)),
            _ => Err(refused(&answer)),
        }
    }

    fn get(&self, path: &str) -> http::request::Builder {
        Request::builder().method(Method::GET).uri(format!("{}{path}", self.base)).header(ACCEPT, MSGPACK)
    }

    fn post(&self, path: &str, media_type: &str) -> http::request::Builder {
        let request = Request::builder().method(Method::POST).uri(format!("{}{path}", self.base));
        request.header(CONTENT_TYPE, media_type).header(ACCEPT, MSGPACK)
    }
}

impl CallError {
    /// How long the aggregator asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn ok(answer: Response<Bytes>) -> Result<Bytes, CallError> {
    if answer.status() == StatusCode::OK { Ok(answer.into_body()) } else { Err(refused(&answer)) }
}

fn refused(answer: &Response<Bytes>) -> CallError {
    let complaint = String::from_utf8_lossy(answer.body()).chars().take(COMPLAINT_CHARS_MAX).collect();
    CallError::Status { status: answer.status(), complaint, retry_after: retry_after(answer.headers()) }
}

/// Seconds; a date is not what our aggregator writes.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use api::frame::Assignment;
    use api::limits::CONFIG_BYTES_MAX;

    use super::*;
    use crate::testing::assignment;

    #[test]
    fn a_tenant_at_its_limits_takes_a_quarter_of_the_assignments() {
        let config = serde_json::json!({ "text": "x".repeat(CONFIG_BYTES_MAX - 11) });
        assert_eq!(config.to_string().len(), CONFIG_BYTES_MAX);
        let check = Assignment { config, ..assignment("checkout") };
        let assignments = Assignments { etag: "v1".into(), checks: vec![check; 200], plugins: vec![] };
        assert!(codec::encode(&assignments).expect("encodes").len() <= ASSIGNMENTS_BYTES_MAX / 4);
    }

    #[test]
    fn back_pressure_says_how_long() {
        let answer = Response::builder().status(429).header(RETRY_AFTER, "7").body(Bytes::from("slow down"));
        let error = refused(&answer.expect("a response"));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.to_string(), "the aggregator answered 429 Too Many Requests: slow down");
    }
}
