//! Every operation of the committed OpenAPI document as requests about one tenant's things. A new operation is an arm of
//! [`questions`]; without one the canary's test fails and names it.

use std::fs;

use bytes::Bytes;
use harness::{
    binary,
    http::{Answer, Client},
};
use serde_json::{Value, json};

/// A tenant's things, by their ids.
#[derive(Clone, Debug)]
pub(super) struct Things {
    pub(super) tenant: String,
    environment: String,
    service: String,
    pub(super) digest: String,
    pub(super) check: String,
    pub(super) release: String,
    pub(super) decision: String,
    pub(super) token: String,
}

/// A request.
pub(super) struct Question {
    method: String,
    pub(super) path: String,
    body: Option<Value>,
}

/// `(METHOD, /path)` of every operation.
pub(super) fn operations() -> Vec<(String, String)> {
    let text = fs::read_to_string(binary::workspace().join("docs/reference/openapi.json")).expect("the document");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").iter();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().expect("methods").keys();
        methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

/// What is asked of an operation.
pub(super) fn questions(method: &str, path: &str, things: &Things) -> Vec<Question> {
    let Things { tenant, environment, service, digest, check, release, decision, token } = things;
    let ask = |path: String, body: Option<Value>| Question { method: method.to_owned(), path, body };
    let at = |id: &str| path.replace("{id}", id);
    let plain = |path: String| vec![ask(path, None)];
    let post = |path: String, body: Value| vec![ask(path, Some(body))];
    let question = json!({"tenant": tenant, "environment": environment, "service": service, "release": release,
        "class": "feature", "subject": {"digest": digest}});
    let query = format!("tenant={tenant}&environment={environment}&service={service}&release={release}");
    match (method, path) {
        ("GET", "/v1/agent/assignments" | "/v1/agent/secrets" | "/v1/nodes") => plain(path.to_owned()),
        ("POST", "/v1/agent/frames" | "/v1/agent/leases") => post(path.to_owned(), json!({"check_id": check})),
        ("GET", "/v1/agent/plugins/{sha256}") => plain(path.replace("{sha256}", digest.trim_start_matches("sha256:"))),
        ("GET", "/v1/checks" | "/v1/freezes" | "/v1/tokens") => {
            vec![ask(path.to_owned(), None), ask(format!("{path}?tenant={tenant}"), None)]
        }
        ("GET", "/v1/checks/{id}" | "/v1/checks/{id}/results") => plain(at(check)),
        ("GET", "/v1/decisions") => {
            let later = "&at=2027-01-01T12:00:00Z";
            vec![ask(format!("{path}?{query}"), None), ask(format!("{path}?{query}{later}"), None)]
        }
        ("POST", "/v1/decisions") => post(path.to_owned(), question),
        ("GET", "/v1/decisions/{id}") => plain(at(decision)),
        ("POST", "/v1/releases") => {
            let subject = json!({"digest": digest});
            post(path.to_owned(), json!({"tenant": tenant, "service": service, "class": "feature", "subject": subject}))
        }
        ("GET", "/v1/releases/{id}") => plain(at(release)),
        ("POST", "/v1/releases/{id}/start") => {
            let subject = json!({"digest": digest});
            post(at(release), json!({"environment": environment, "ticket": "fwk_none", "subject": subject}))
        }
        ("POST", "/v1/releases/{id}/finish") => {
            post(at(release), json!({"deployment": release, "outcome": "succeeded"}))
        }
        ("POST", "/v1/tokens") => post(path.to_owned(), super::token_body(tenant)),
        ("DELETE", "/v1/tokens/{id}") => plain(at(token)),
        _ => {
            panic!("{method} {path} is not asked: say here what for, so that the canary is searched for in its answers")
        }
    }
}

impl Question {
    pub(super) async fn ask(&self, client: &Client) -> Answer {
        let body = self.body.as_ref().map_or_else(Bytes::new, |body| body.to_string().into());
        let headers = [("content-type", "application/json")];
        client.send(&self.method, &self.path, &headers, body).await.expect("an answer")
    }
}

impl Things {
    /// Nothing yet but names.
    pub(super) fn of(tenant: &str, environment: &str, service: &str, digest: &str) -> Self {
        let none = String::new;
        let (tenant, environment, service) = (tenant.to_owned(), environment.to_owned(), service.to_owned());
        Self {
            tenant,
            environment,
            service,
            digest: digest.to_owned(),
            check: none(),
            release: none(),
            decision: none(),
            token: none(),
        }
    }

    /// A release, a question about it, and a token.
    pub(super) async fn make(&mut self, admin: &Client) {
        let id = |answer: &Answer| {
            let json = answer.json().expect("JSON");
            json["id"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
        };
        let made = async |this: &Self, method: &str, path: &str| {
            let question = questions(method, path, this).remove(0);
            id(&question.ask(admin).await)
        };
        self.release = made(self, "POST", "/v1/releases").await;
        self.decision = made(self, "POST", "/v1/decisions").await;
        self.token = made(self, "POST", "/v1/tokens").await;
    }
}
