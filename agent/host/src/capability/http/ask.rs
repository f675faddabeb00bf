//! Reads a guest's request: method, URL, headers, body, options, with secrets written in. Pure; `fetch` sends it.

use api::limits::RunLimits;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

use crate::bindings::wit::http as guest;
use crate::net::{Failure, allow};
use crate::outcome::HostReason;
use crate::secret::Secret;

/// Headers of one request; a browser sends fifteen.
const HEADERS_MAX: usize = 64;
/// A request body; journeys send kilobytes.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Redirects that may be asked for.
const REDIRECTS_MAX: u8 = 10;
/// Headers that are the host's: framing, routing and what could smuggle a request past the allow-list.
const HOST_HEADERS: [HeaderName; 9] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
];

/// A request that can be sent.
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: Url,
    /// Values made with a secret are marked sensitive.
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) body_has_secret: bool,
    pub(super) options: Options,
}

/// What the guest asked of this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) timeout: Option<Duration>,
    pub(super) redirects: u8,
    pub(super) body_bytes_max: u64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OptionsJson {
    timeout_ms: Option<u64>,
    redirects: u8,
    body_bytes_max: Option<u64>,
}

impl Ask {
    pub(super) fn read(
        request: guest::Request,
        secrets: &BTreeMap<String, Secret>,
        limits: &RunLimits,
    ) -> Result<Self, Failure> {
        let guest::Request { method, url, headers, body, options } = request;
        let options = read_options(&options, limits)?;
        let url = allow::parse(&url)?;
        let method = Method::from_bytes(method.as_bytes())
            .ok()
            .filter(|method| *method != Method::CONNECT)
            .ok_or_else(|| refuse("the method is no HTTP method"))?;
        if headers.len() > HEADERS_MAX {
            return Err(refuse(format!("at most {HEADERS_MAX} headers")));
        }
        let mut map = HeaderMap::new();
        for header in headers {
            let (name, value) = read_header(header, secrets)?;
            map.append(name, value);
        }
        let (body, body_has_secret) = join(&body, secrets)?;
        if body.len() > BODY_BYTES_MAX {
            return Err(Failure::new(HostReason::QuotaExceeded, format!("a body has at most {BODY_BYTES_MAX} bytes")));
        }
        Ok(Self { method, url, headers: map, body: body.into(), body_has_secret, options })
    }
}

fn refuse(message: impl Into<String>) -> Failure {
    Failure::new(HostReason::ProtocolError, message)
}

fn read_options(text: &str, limits: &RunLimits) -> Result<Options, Failure> {
    let json: OptionsJson = match text {
        "" => OptionsJson::default(),
        text => serde_json::from_str(text).map_err(|error| refuse(format!("options: {error}")))?,
    };
    if json.redirects > REDIRECTS_MAX {
        return Err(refuse(format!("options: at most {REDIRECTS_MAX} redirects")));
    }
    Ok(Options {
        timeout: json.timeout_ms.map(Duration::from_millis),
        redirects: json.redirects,
        body_bytes_max: json.body_bytes_max.unwrap_or(limits.body_bytes).min(limits.body_bytes),
    })
}

fn read_header(
    header: guest::Header,
    secrets: &BTreeMap<String, Secret>,
) -> Result<(HeaderName, HeaderValue), Failure> {
    let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| refuse("a header's name is not one"))?;
    if HOST_HEADERS.contains(&name) {
        return Err(refuse(format!("the header `{name}` is set by the host alone")));
    }
    let (value, has_secret) = join(&header.value, secrets)?;
    // The value is not told: it may be a secret.
    let mut value = HeaderValue::from_bytes(&value)
        .map_err(|_| refuse(format!("the value of `{name}` holds what no header may, such as a line break")))?;
    value.set_sensitive(has_secret);
    Ok((name, value))
}

/// The parts one after the other, and whether a secret is among them.
fn join(parts: &[guest::Part], secrets: &BTreeMap<String, Secret>) -> Result<(Vec<u8>, bool), Failure> {
    let mut joined = Vec::new();
    let mut has_secret = false;
    for part in parts {
        match part {
            guest::Part::Text(text) => joined.extend_from_slice(text.as_bytes()),
            guest::Part::Bytes(bytes) => joined.extend_from_slice(bytes),
            guest::Part::Secret(part) => {
                let secret = secrets.get(&part.name).ok_or_else(|| absent(&part.name))?;
                joined.extend(secret.encoded(&part.encoding).map_err(|error| refuse(error.to_string()))?);
                has_secret = true;
            }
        }
    }
    Ok((joined, has_secret))
}

fn absent(name: &str) -> Failure {
    let name: String = name.chars().take(100).collect();
    Failure::new(HostReason::PrerequisiteMissing, format!("the check has no secret `{name}` now"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> BTreeMap<String, Secret> {
        BTreeMap::from([("key".to_owned(), Secret::new(b"a \"b\"".to_vec()))])
    }

    fn secret(encoding: &str) -> guest::Part {
        guest::Part::Secret(guest::SecretPart { name: "key".to_owned(), encoding: encoding.to_owned() })
    }

    fn request(headers: Vec<guest::Header>, options: &str) -> guest::Request {
        guest::Request {
            method: "POST".to_owned(),
            url: "https://shop.example/jsonrpc".to_owned(),
            headers,
            body: vec![guest::Part::Text("{\"k\":\"".to_owned()), secret("json"), guest::Part::Text("\"}".to_owned())],
            options: options.to_owned(),
        }
    }

    fn header(name: &str, value: guest::Part) -> guest::Header {
        guest::Header { name: name.to_owned(), value: vec![value] }
    }

    fn read(request: guest::Request) -> Result<Ask, Failure> {
        Ask::read(request, &secrets(), &RunLimits::DEFAULT)
    }

    #[test]
    fn secrets_are_written_by_the_host() {
        let ask = read(request(vec![header("x-key", secret("base64"))], "")).expect("sendable");
        assert_eq!(ask.body.as_ref(), br#"{"k":"a \"b\""}"#);
        assert!(ask.body_has_secret && ask.headers["x-key"].is_sensitive());
    }

    #[test]
    fn an_absent_secret_is_a_missing_prerequisite() {
        let failure = Ask::read(request(Vec::new(), ""), &BTreeMap::new(), &RunLimits::DEFAULT).err().expect("absent");
        assert_eq!(failure.reason, HostReason::PrerequisiteMissing);
    }

    #[test]
    fn framing_headers_are_the_hosts() {
        for name in ["Host", "content-length", "Transfer-Encoding", "connection"] {
            let failure = read(request(vec![header(name, guest::Part::Text("x".to_owned()))], "")).err().expect(name);
            assert_eq!(failure.reason, HostReason::ProtocolError);
        }
        let split = header("x-a", guest::Part::Text("a\r\nhost: evil".to_owned()));
        assert!(read(request(vec![split], "")).is_err());
    }

    #[test]
    fn options_are_clamped_and_unknown_ones_refused() {
        let ask =
            read(request(Vec::new(), r#"{"timeout_ms":50,"redirects":3,"body_bytes_max":99999999}"#)).expect("ok");
        let expected = Options {
            timeout: Some(Duration::from_millis(50)),
            redirects: 3,
            body_bytes_max: RunLimits::DEFAULT.body_bytes,
        };
        assert_eq!(ask.options, expected);
        assert!(read(request(Vec::new(), r#"{"redirects":11}"#)).is_err());
        assert!(read(request(Vec::new(), r#"{"follow":true}"#)).is_err());
    }
}
