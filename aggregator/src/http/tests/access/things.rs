//! What is asked of every operation, about the things of one tenant: the rows of both lists. A new operation is an arm
//! of [`questions`]; without one both tests fail and name it.

use api::frame::{Body, Epoch, Frame, LeaseRequest, Problem, Record, chain, codec};
use api::id::{CheckId, Digest};
use axum::body::Body as HttpBody;
use axum::http::Request;
use serde_json::{Value, json};

/// Things of the tenant `acme`.
#[derive(Clone)]
pub(super) struct Things {
    pub(super) check: CheckId,
    /// The component of the check's plugin.
    pub(super) plugin: Digest,
    /// A release that was allowed, and its ticket.
    pub(super) release: String,
    pub(super) ticket: String,
    /// A release that is under way, and its deployment.
    pub(super) running: String,
    pub(super) deployment: String,
    pub(super) decision: String,
    /// The public id of a token.
    pub(super) token: String,
    /// Names the spool that a frame comes from; each frame is the first of its own.
    pub(super) spool: u8,
}

/// One request, and what is special about it.
pub(super) struct Question {
    pub(super) note: &'static str,
    method: String,
    path: String,
    body: Vec<u8>,
}

/// The digest that is released.
pub(super) fn subject() -> Value {
    json!({"digest": Digest::of(b"released")})
}

/// What is asked of an operation.
pub(super) fn questions(method: &str, path: &str, things: &Things) -> Vec<Question> {
    let ask = |note, path: String, body: Vec<u8>| Question { note, method: method.to_owned(), path, body };
    let plain = |note, path: String| ask(note, path, vec![]);
    let json = |note, path: &str, body: Value| ask(note, path.to_owned(), body.to_string().into_bytes());
    let named = |parameter: &str, value: &dyn ToString| path.replace(parameter, &value.to_string());
    let question = json!({"tenant": "acme", "environment": "prod", "service": "shop", "release": things.release,
        "class": "feature", "subject": subject()});
    let simulated = |mut question: Value| {
        question["at"] = json!("2026-12-01T12:00:00Z");
        question
    };
    let query = "tenant=acme&environment=prod&service=shop&class=feature";
    let until = "2026-12-01T00:00:00Z";
    match (method, path) {
        ("GET", "/v1/agent/assignments" | "/v1/agent/secrets") => vec![plain("", path.to_owned())],
        ("POST", "/v1/agent/frames") => {
            vec![ask("a record of the check", path.to_owned(), codec::pack(&frame(things)).expect("packs"))]
        }
        ("POST", "/v1/agent/leases") => {
            let request = LeaseRequest { check_id: things.check };
            vec![ask("", path.to_owned(), codec::encode(&request).expect("encodes"))]
        }
        ("GET", "/v1/agent/plugins/{sha256}") => vec![plain("", named("{sha256}", &things.plugin.hex()))],
        ("GET", "/v1/checks" | "/v1/freezes" | "/v1/tokens") => {
            vec![plain("", path.to_owned()), plain("tenant=acme", format!("{path}?tenant=acme"))]
        }
        ("GET", "/v1/nodes") => vec![plain("", path.to_owned())],
        ("GET", "/v1/checks/{id}" | "/v1/checks/{id}/results") => vec![plain("", named("{id}", &things.check))],
        ("GET", "/v1/decisions") => {
            let at = format!("{path}?{query}&at={until}");
            vec![plain("tenant=acme", format!("{path}?{query}")), plain("tenant=acme, at", at)]
        }
        ("POST", "/v1/decisions") => {
            vec![json("tenant: acme", path, question.clone()), json("tenant: acme, at", path, simulated(question))]
        }
        ("GET", "/v1/decisions/{id}") => vec![plain("", named("{id}", &things.decision))],
        ("POST", "/v1/releases") => {
            let body = json!({"tenant": "acme", "service": "shop", "class": "feature",
                "subject": {"digest": Digest::of(b"another")}});
            vec![json("tenant: acme", path, body)]
        }
        ("GET", "/v1/releases/{id}") => vec![plain("", named("{id}", &things.release))],
        ("POST", "/v1/releases/{id}/start") => {
            let body = json!({"environment": "prod", "ticket": things.ticket, "subject": subject()});
            vec![json("", &named("{id}", &things.release), body)]
        }
        ("POST", "/v1/releases/{id}/finish") => {
            let body = json!({"deployment": things.deployment, "outcome": "succeeded"});
            vec![json("", &named("{id}", &things.running), body)]
        }
        ("POST", "/v1/tokens") => {
            vec![json("tenant: acme", path, json!({"tenant": "acme", "role": "viewer", "expires_at": until}))]
        }
        ("DELETE", "/v1/tokens/{id}") => vec![plain("", named("{id}", &things.token))],
        _ => panic!("{method} {path} has no row: say here what is asked of it, then run `cargo xtask codegen`"),
    }
}

/// A spool's first frame: the check has a problem.
pub(super) fn frame(things: &Things) -> Frame {
    let epoch = Epoch([things.spool; 16]);
    let body = Body::Problem(Problem { open: true, reason: None, summary: String::new() });
    let record = Record { seq: 1, check_id: Some(things.check), age_ms: 0, lease: None, body };
    Frame { epoch, first_seq: 1, last_seq: 1, chain: chain::start(&epoch), dropped: vec![], records: vec![record] }
}

impl Question {
    /// The request, the same each time.
    pub(super) fn request(&self, token: Option<&str>) -> Request<HttpBody> {
        let mut request = Request::builder().method(self.method.as_str()).uri(&self.path);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        request.body(HttpBody::from(self.body.clone())).expect("a request")
    }
}
