//! A request as a guest writes it: method, URL, headers and body, with secrets by name. Read by `fetch`.

use std::time::Duration;

use serde_json::json;

use crate::bindings::check::floorwalker::check::http as import;

/// How the host writes a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Raw,
    /// Escaped for the inside of a JSON string; the guest writes the quotes.
    Json,
    /// Percent-encoded.
    Url,
    /// Base64, as for basic authentication (the secret is `user:password` then).
    Base64,
}

impl Encoding {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Json => "json",
            Self::Url => "url",
            Self::Base64 => "base64",
        }
    }
}

/// A piece of a header's value or of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A secret, written by the host.
    Secret {
        /// Its name in the Check.
        name: String,
        /// How it is written.
        encoding: Encoding,
    },
}

impl Part {
    /// A secret by name.
    pub fn secret(name: &str, encoding: Encoding) -> Self {
        Self::Secret { name: name.to_owned(), encoding }
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, Vec<Part>)>,
    pub(super) body: Vec<Part>,
    timeout: Option<Duration>,
    redirects: u8,
    body_bytes_max: Option<u64>,
}

impl Request {
    /// A request without headers and body, following no redirect.
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: None,
            redirects: 0,
            body_bytes_max: None,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<Part>) -> Self {
        self.header_parts(name, vec![value.into()])
    }

    /// Adds a header made of parts, such as `Basic ` and a secret.
    #[must_use]
    pub fn header_parts(mut self, name: &str, value: Vec<Part>) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, parts: Vec<Part>) -> Self {
        self.body = parts;
        self
    }

    /// The longest the whole request may take; the run's own budget bounds it further.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Follows up to that many redirects, 10 at most.
    #[must_use]
    pub fn redirects(mut self, redirects: u8) -> Self {
        self.redirects = redirects;
        self
    }

    /// Keeps that many bytes of the answer's body at most.
    #[must_use]
    pub fn body_bytes_max(mut self, bytes: u64) -> Self {
        self.body_bytes_max = Some(bytes);
        self
    }

    /// The options as the contract has them.
    pub(super) fn options(&self) -> String {
        let mut options = serde_json::Map::new();
        if let Some(timeout) = self.timeout {
            options.insert("timeout_ms".to_owned(), json!(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)));
        }
        if self.redirects > 0 {
            options.insert("redirects".to_owned(), json!(self.redirects));
        }
        if let Some(bytes) = self.body_bytes_max {
            options.insert("body_bytes_max".to_owned(), json!(bytes));
        }
        if options.is_empty() { String::new() } else { serde_json::Value::Object(options).to_string() }
    }
}

impl From<&Request> for import::Request {
    fn from(request: &Request) -> Self {
        let header = |(name, value): &(String, Vec<Part>)| import::Header {
            name: name.clone(),
            value: value.iter().map(import::Part::from).collect(),
        };
        Self {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.iter().map(header).collect(),
            body: request.body.iter().map(import::Part::from).collect(),
            options: request.options(),
        }
    }
}

impl From<&Part> for import::Part {
    fn from(part: &Part) -> Self {
        match part {
            Part::Text(text) => Self::Text(text.clone()),
            Part::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Part::Secret { name, encoding } => {
                Self::Secret(import::SecretPart { name: name.clone(), encoding: encoding.as_str().to_owned() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Request;

    #[test]
    fn options_say_only_what_was_set() {
        let request = Request::new("GET", "https://shop.example");
        assert_eq!(request.options(), "");
        let request = request.timeout(Duration::from_secs(2)).redirects(3).body_bytes_max(10);
        assert_eq!(request.options(), r#"{"body_bytes_max":10,"redirects":3,"timeout_ms":2000}"#);
    }
}
