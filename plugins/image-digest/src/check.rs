//! The judgement of a registry's answer and of the digest's history. Called by `lib`; pure.

use floorwalker_sdk::host::http::Response;
use floorwalker_sdk::{Evidence, Finding, Reason, Severity, Stop, Verdict, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::ImageDigest;

/// A tag by its full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image<'a> {
    /// `host` or `host:port`, as people write it.
    registry: &'a str,
    /// The port the scheme has when none is written.
    port: u16,
    repository: &'a str,
    tag: &'a str,
}

/// What a tag points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    digest: String,
    media_type: String,
}

/// What was seen at the last look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastLook {
    image: String,
    digest: String,
}

impl LastLook {
    pub(crate) fn new(image: &Image<'_>, manifest: &Manifest) -> Self {
        Self { image: image.name(), digest: manifest.digest.clone() }
    }

    /// What is unreadable is of another version of this plugin: as good as no look at all.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }
}

impl<'a> Image<'a> {
    pub(crate) fn of(config: &'a ImageDigest) -> Self {
        let url = config.registry.trim_end_matches('/');
        let (scheme, registry) = url.split_once("://").unwrap_or(("https", url));
        let port = if scheme == "http" { 80 } else { 443 };
        Self { registry, port, repository: &config.repository, tag: &config.tag }
    }

    fn name(&self) -> String {
        format!("{}/{}:{}", self.registry, self.repository, self.tag)
    }

    /// Refuses a registry that is not on the list, before it is asked anything.
    pub(crate) fn ensure_allowed(&self, allowed: &[String]) -> Result<(), Stop> {
        let wanted = with_port(self.registry, self.port);
        if allowed.iter().any(|registry| with_port(registry, self.port) == wanted) {
            return Ok(());
        }
        let summary = format!("registry {} is not one of those allowed", self.registry);
        let finding = Finding {
            subject: format!("registry:{}", self.registry),
            expected: allowed.join(", "),
            actual: self.registry.to_owned(),
            severity: Severity::Critical,
        };
        Err(Verdict::fail(Reason::AssertionFailed, summary).finding(finding).into())
    }

    /// The manifest of an answer, its digest hashed again from its bytes.
    pub(crate) fn manifest(&self, answer: &Response) -> Result<Manifest, Stop> {
        self.ensure_found(answer)?;
        ensure!(!answer.truncated, Reason::ProtocolError, "the manifest is over {} bytes", answer.body.len());
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(&answer.body)));
        let said = answer.header("docker-content-digest").unwrap_or(&digest);
        ensure!(
            said == digest || !said.starts_with("sha256:"),
            Reason::BodyMismatch,
            "the registry says {said}, the manifest's bytes are {digest}"
        );
        let media_type = answer.header("content-type").unwrap_or("unknown").to_owned();
        Ok(Manifest { digest, media_type })
    }

    fn ensure_found(&self, answer: &Response) -> Result<(), Stop> {
        let name = self.name();
        match answer.status {
            200 => Ok(()),
            404 => Err(Stop::fail(Reason::EvidenceMissing, format!("{name} is not there ({})", code(answer)))),
            401 if answer.header("www-authenticate").is_some_and(|asks| asks.starts_with("Bearer")) => {
                let message =
                    format!("{} wants a token of its own service; basic authentication is known", self.registry);
                Err(Stop::error(Reason::PrerequisiteMissing, message))
            }
            401 | 403 => {
                Err(Stop::fail(Reason::AuthFailed, format!("{} refuses {name} ({})", self.registry, code(answer))))
            }
            status => Err(Stop::fail(Reason::HttpStatus, format!("{} answered {status} for {name}", self.registry))),
        }
    }

    /// Evidence of the digest; a tag that moved since the last look warns.
    pub(crate) fn judge(&self, manifest: &Manifest, before: Option<&LastLook>) -> Verdict {
        let (name, digest) = (self.name(), &manifest.digest);
        let evidence = Evidence::new("image-digest", digest)
            .attribute("registry", self.registry)
            .attribute("repository", self.repository)
            .attribute("tag", self.tag)
            .attribute("media_type", &manifest.media_type);
        let moved = before.filter(|last| last.image == name && last.digest != *digest);
        let verdict = match moved {
            None => Verdict::pass(format!("{name} is {digest}")),
            Some(last) => {
                let summary = format!("{name} moved from {} to {digest}", last.digest);
                let finding = Finding {
                    subject: format!("tag:{name}"),
                    expected: last.digest.clone(),
                    actual: digest.clone(),
                    severity: Severity::Warning,
                };
                Verdict::warn(Reason::DriftDetected, summary).finding(finding)
            }
        };
        verdict.evidence(evidence)
    }
}

/// A registry in lower case with its port written, so that both spellings of one are one.
fn with_port(registry: &str, port: u16) -> String {
    let registry = registry.to_ascii_lowercase();
    let has_port = registry.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { registry } else { format!("{registry}:{port}") }
}

/// The registry's own code of an error, such as `MANIFEST_UNKNOWN`; the status when it says none.
fn code(answer: &Response) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match body["errors"][0]["code"].as_str() {
        // Codes are words of capitals; what is longer is no code.
        Some(code) if code.len() <= 64 => code.to_owned(),
        _ => format!("status {}", answer.status),
    }
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn both_spellings_of_a_registry_are_one() {
        assert_eq!(with_port("Registry.example", 443), "registry.example:443");
        assert_eq!(with_port("registry.example:443", 443), "registry.example:443");
        assert_eq!(with_port("[::1]:5000", 80), "[::1]:5000");
        assert_eq!(with_port("[::1]", 80), "[::1]:80");
    }
}
