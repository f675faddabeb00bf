//! Probe of one URL: status, body, latency, redirect policy and certificate days left. Here stand its configuration
//! and its one request; `check` judges the answer. It never looks inside a page further than text and a pattern.

mod check;

use std::time::Duration;

use floorwalker_sdk::prelude::*;

/// One URL and what is expected of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpProbe {
    /// What is asked; its origin must be granted under `http`.
    #[schemars(regex(pattern = r"^https?://"), length(max = 2048))]
    pub url: String,
    /// How it is asked.
    #[serde(default)]
    pub method: Method,
    /// Statuses that pass. By default 200; with `redirects: {expect: …}` any redirect.
    #[serde(default)]
    #[schemars(length(max = 32), inner(range(min = 100, max = 599)))]
    pub status: Vec<u16>,
    /// What the body must hold.
    #[serde(default)]
    pub body: Body,
    /// Milliseconds from the first phase to the last byte.
    #[serde(default)]
    pub latency_ms: Bounds,
    /// What is done with a redirect.
    #[serde(default)]
    pub redirects: Redirects,
    /// Days until the certificate expires; needs https.
    #[serde(default)]
    pub certificate_days: Bounds,
    /// The longest the request may take, in milliseconds; the run's own timeout bounds it further.
    #[serde(default)]
    #[schemars(range(min = 1, max = 60_000))]
    pub timeout_ms: Option<u32>,
}

/// Methods that leave no trace at a well-behaved target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// The body too.
    #[default]
    Get,
    /// The head alone.
    Head,
    /// What is allowed.
    Options,
}

/// What the body must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Body {
    /// Text that must be there.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    pub contains: Option<String>,
    /// A regular expression that must match somewhere.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub matches: Option<String>,
}

/// From where on a number warns and fails.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bounds {
    /// Warns: slower than this, or fewer days than this.
    #[serde(default)]
    pub warn: Option<u32>,
    /// Fails: slower than this, or fewer days than this.
    #[serde(default)]
    pub fail: Option<u32>,
}

/// What is done with a redirect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Redirects {
    /// None is followed: a redirect is an answer, judged by its status.
    #[default]
    Refuse,
    /// Up to that many are followed; each origin must be granted.
    Follow(#[schemars(range(min = 1, max = 10))] u8),
    /// The answer must be a redirect to exactly this location.
    Expect(String),
}

impl Check for HttpProbe {
    fn run(&self, _: &Run) -> Judgement {
        let expected = check::Expected::new(self)?;
        let answer = self.request().fetch()?;
        Ok(expected.judge(&answer))
    }
}

impl HttpProbe {
    fn request(&self) -> http::Request {
        let method = match self.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Options => "OPTIONS",
        };
        let request = http::request(method, &self.url);
        let request = match self.redirects {
            Redirects::Follow(redirects) => request.redirects(redirects),
            Redirects::Refuse | Redirects::Expect(_) => request,
        };
        match self.timeout_ms {
            Some(timeout_ms) => request.timeout(Duration::from_millis(timeout_ms.into())),
            None => request,
        }
    }
}

export_check!(HttpProbe);

#[cfg(test)]
mod tests {
    use floorwalker_sdk::harness::Harness;
    use floorwalker_sdk::host::HostError;
    use floorwalker_sdk::prelude::*;
    use serde_json::{Value, json};

    use super::HttpProbe;

    const URL: &str = "https://shop.example/health";

    #[test]
    fn a_plain_probe_asks_once_and_passes() {
        let mut harness = Harness::new().http(|_| Ok(http::Response::new(200)));
        let played = harness.run::<HttpProbe>(json!({"url": URL}));
        assert_eq!(played.verdict().status, Status::Pass);
        assert_eq!(played.sent.len(), 1);
        assert_eq!((played.sent[0].method.as_str(), played.sent[0].options.as_str()), ("GET", ""));
    }

    #[test]
    fn options_of_the_request_follow_the_config() {
        let mut harness = Harness::new().http(|_| Ok(http::Response::new(200)));
        let config = json!({"url": URL, "method": "HEAD", "redirects": {"follow": 2}, "timeoutMs": 1500});
        let played = harness.run::<HttpProbe>(config);
        assert_eq!(played.sent[0].method, "HEAD");
        assert_eq!(played.sent[0].options, r#"{"redirects":2,"timeout_ms":1500}"#);
    }

    #[test]
    fn a_target_that_cannot_be_reached_fails_with_the_hosts_reason() {
        for reason in [Reason::DnsFailure, Reason::ConnectRefused, Reason::ConnectTimeout, Reason::TlsInvalid] {
            let mut harness = Harness::new().http(move |_| Err(HostError::new(reason, "not reached")));
            let played = harness.run::<HttpProbe>(json!({"url": URL}));
            assert_eq!(played.verdict().status, Status::Fail);
            assert_eq!(played.verdict().reason, Some(reason));
        }
    }

    #[test]
    fn a_refusal_is_the_probers_and_says_how_to_allow_it() {
        let remedy = r#"http: ["https://shop.example:443"]"#;
        let mut harness = Harness::new().http(move |_| {
            let error = HostError::new(Reason::CapabilityDenied, "https://shop.example:443 is not granted");
            Err(HostError { remedy: Some(remedy.to_owned()), ..error })
        });
        let played = harness.run::<HttpProbe>(json!({"url": URL}));
        assert_eq!(played.error().reason, Reason::CapabilityDenied);
        assert!(played.error().message.contains(remedy));
    }

    #[test]
    fn a_config_that_cannot_be_judged_is_refused_before_the_request() {
        for config in [
            json!({"url": URL, "body": {"matches": "("}}),
            json!({"url": "http://shop.example/", "certificateDays": {"fail": 7}}),
            json!({"url": URL, "redirects": "sometimes"}),
            json!({"url": URL, "colour": "red"}),
        ] {
            let played = Harness::new().run::<HttpProbe>(config);
            assert_eq!(played.error().reason, Reason::InvalidConfig);
            assert!(played.sent.is_empty());
        }
    }

    #[test]
    fn the_example_manifest_has_a_valid_config() {
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(include_str!("../manifest.yaml")).expect("YAML documents");
        let check = documents.iter().find(|document| document["kind"] == "Check").expect("a Check");
        serde_json::from_value::<HttpProbe>(check["spec"]["config"].clone()).expect("a valid config");
    }
}
