//! An answer: status, headers, body, and what the host saw on the way. Made by `fetch`, judged by plugins.

use serde::Deserialize;

use super::HostError;
use crate::bindings::check::floorwalker::check::{http as import, types};

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body, up to the limit.
    pub body: Vec<u8>,
    /// Whether the body was longer than the limit and was cut there.
    pub truncated: bool,
    /// What the host saw.
    pub details: Details,
}

/// What the host saw on the way.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Details {
    /// The URL that answered, after redirects.
    #[serde(default)]
    pub url: String,
    /// `HTTP/1.1`, `HTTP/2`.
    #[serde(default)]
    pub version: String,
    /// How long each phase took.
    #[serde(default)]
    pub phases: Phases,
    /// URLs left by a redirect, in order.
    #[serde(default)]
    pub redirects: Vec<String>,
    /// The certificate shown, with TLS.
    #[serde(default)]
    pub certificate: Option<Certificate>,
    /// Such as `TLSv1.3`.
    #[serde(default)]
    pub tls_version: Option<String>,
}

/// Durations in milliseconds; a phase that never ran is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Phases {
    /// Name resolution.
    #[serde(default)]
    pub resolve: Option<f64>,
    /// TCP connection.
    #[serde(default)]
    pub connect: Option<f64>,
    /// TLS handshake.
    #[serde(default)]
    pub tls: Option<f64>,
    /// Request sent to first byte of the answer.
    #[serde(default)]
    pub processing: Option<f64>,
    /// First to last byte of the answer.
    #[serde(default)]
    pub transfer: Option<f64>,
}

impl Phases {
    /// All of them together, in milliseconds.
    pub fn total_ms(&self) -> f64 {
        [self.resolve, self.connect, self.tls, self.processing, self.transfer].into_iter().flatten().sum()
    }
}

/// The certificate of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Certificate {
    /// Its subject.
    #[serde(default)]
    pub subject: String,
    /// Its issuer.
    #[serde(default)]
    pub issuer: String,
    /// Whole days until it expires, negative after.
    #[serde(default)]
    pub days_left: i64,
}

impl Response {
    /// An answer of that status without a body, as scripts of the harness need it.
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// The first header of a name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// What the host answered, with its details read.
    pub(super) fn read(answer: Result<import::Response, types::HostError>) -> Result<Self, HostError> {
        let import::Response { status, headers, body, truncated, details } = answer?;
        // Details are the host's own JSON; without them the answer is still an answer.
        let details = serde_json::from_str(&details).unwrap_or_default();
        Ok(Self { status, headers, body, truncated, details })
    }
}
