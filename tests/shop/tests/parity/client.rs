//! Shell: sends one JSON request and gives the answer. Shared by the shop's own tests; no retries, no cookies of its own.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;

/// An answer read to its end, or cut.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Result<Bytes, hyper::Error>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body.as_ref().expect("a whole body")).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
}

pub(crate) async fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    send("POST", url, headers, Some(body)).await
}

pub(crate) async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
    let mut request = Request::builder().method(method).uri(url);
    if body.is_some() && !headers.iter().any(|header| header.0 == "content-type") {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = request.body(Full::new(Bytes::from(body))).expect("a request");
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    Answer { status: head.status.as_u16(), headers: head.headers, body }
}
