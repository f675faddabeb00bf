//! Scripted answers. Asked by `fetch` on native targets; it renders a request as the host would send it, secrets
//! written, so that a script can be a small server.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Encoding, HostError, Part, Request, Response};
use crate::reason::Reason;

/// A request as it would go over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// Headers as written.
    pub headers: Vec<(String, String)>,
    /// The body as written.
    pub body: Vec<u8>,
    /// The options' JSON.
    pub options: String,
}

impl Sent {
    /// The first header of a name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

type Script = Box<dyn FnMut(&Sent) -> Result<Response, HostError>>;

/// The script and what was sent to it.
#[derive(Default)]
pub(crate) struct Double {
    script: Option<Script>,
    pub(crate) sent: Vec<Sent>,
}

impl Double {
    pub(crate) fn script(&mut self, script: Script) {
        self.script = Some(script);
    }

    /// Answers in order, whatever is asked.
    pub(crate) fn queue(&mut self, answers: Vec<Result<Response, HostError>>) {
        let mut answers = VecDeque::from(answers);
        self.script(Box::new(move |sent| {
            answers.pop_front().unwrap_or_else(|| panic!("no answer is left for {} {}", sent.method, sent.url))
        }));
    }

    pub(super) fn fetch(
        &mut self,
        request: &Request,
        secrets: &BTreeMap<String, String>,
    ) -> Result<Response, HostError> {
        let sent = render(request, secrets)?;
        self.sent.push(sent.clone());
        let script = self.script.as_mut().unwrap_or_else(|| panic!("no answer is scripted for {}", sent.url));
        let mut response = script(&sent)?;
        if response.details.url.is_empty() {
            response.details.url.clone_from(&sent.url);
        }
        Ok(response)
    }
}

fn render(request: &Request, secrets: &BTreeMap<String, String>) -> Result<Sent, HostError> {
    let mut headers = Vec::new();
    for (name, value) in &request.headers {
        headers.push((name.clone(), String::from_utf8_lossy(&write(value, secrets)?).into_owned()));
    }
    Ok(Sent {
        method: request.method.clone(),
        url: request.url.clone(),
        headers,
        body: write(&request.body, secrets)?,
        options: request.options(),
    })
}

fn write(parts: &[Part], secrets: &BTreeMap<String, String>) -> Result<Vec<u8>, HostError> {
    let mut written = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => written.extend_from_slice(text.as_bytes()),
            Part::Bytes(bytes) => written.extend_from_slice(bytes),
            Part::Secret { name, encoding } => {
                let value = secrets.get(name).ok_or_else(|| no_secret(name))?;
                written.extend_from_slice(encode(value, *encoding).as_bytes());
            }
        }
    }
    Ok(written)
}

/// As the host has it: the check may have the name, and no value for it now.
fn no_secret(name: &str) -> HostError {
    HostError::new(Reason::PrerequisiteMissing, format!("the check has no secret `{name}` now"))
}

fn encode(value: &str, encoding: Encoding) -> String {
    match encoding {
        Encoding::Raw => value.to_owned(),
        Encoding::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Encoding::Url => value.bytes().map(percent).collect(),
        Encoding::Base64 => STANDARD.encode(value),
    }
}

/// RFC 3986: everything but the unreserved characters.
fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        return char::from(byte).to_string();
    }
    format!("%{byte:02X}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Encoding, Part, Reason, encode, write};

    #[test]
    fn a_secret_without_a_value_is_the_reason_that_the_host_gives() {
        let error = write(&[Part::secret("login", Encoding::Raw)], &BTreeMap::new()).expect_err("no such secret");
        assert_eq!((error.reason, error.message.contains("`login`")), (Reason::PrerequisiteMissing, true));
    }

    #[test]
    fn secrets_are_written_as_asked() {
        let value = "pä\"ss word";
        assert_eq!(encode(value, Encoding::Raw), value);
        assert_eq!(encode(value, Encoding::Json), "pä\\\"ss word");
        assert_eq!(encode(value, Encoding::Url), "p%C3%A4%22ss%20word");
        assert_eq!(encode("user:secret", Encoding::Base64), "dXNlcjpzZWNyZXQ=");
    }
}
