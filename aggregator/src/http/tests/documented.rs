//! The OpenAPI document held against real answers. Both stands hand in every answer they get, so every test of a route
//! is one of the document too; [`Heard`] remembers which of its responses were seen.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

use axum::http::response::Parts;
use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::http::openapi::document;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(document()).expect("JSON"));

/// Responses of the document that were seen: `POST /v1/releases 201`.
#[derive(Debug, Default)]
pub(in crate::http) struct Heard(Mutex<BTreeSet<String>>);

impl Heard {
    /// Holds an answer against the document. A path or a method that the document does not have has no operation.
    pub(in crate::http) fn hold(&self, method: &Method, path: &str, head: &Parts, body: &[u8]) {
        let Some((template, operation)) = operation(method, path) else {
            assert!(matches!(head.status.as_u16(), 401 | 404 | 405), "{method} {path} is documented nowhere");
            return;
        };
        let status = head.status.as_str();
        let responses = &operation["responses"];
        let name = if responses[status].is_object() { status } else { "default" };
        let mut response = &responses[name];
        if let Some(reference) = response["$ref"].as_str() {
            response = DOCUMENT.pointer(reference.trim_start_matches('#')).expect("a response of the document");
        }
        let what = format!("{method} {template} {name}");
        assert!(response.is_object(), "{method} {template} answered {status}, which is documented nowhere");
        match response["content"].as_object() {
            Some(content) => {
                let media = head.headers.get(header::CONTENT_TYPE).map_or("", |it| it.to_str().expect("ASCII"));
                let content = content.get(media);
                let content = content.unwrap_or_else(|| panic!("{what}: `{media}` is documented nowhere"));
                if media.ends_with("json") {
                    fits(&what, &content["schema"], body);
                }
            }
            None => assert!(body.is_empty(), "{what}: a body where none is documented"),
        }
        self.0.lock().expect("whole").insert(what);
    }

    /// What was seen.
    pub(in crate::http) fn all(&self) -> BTreeSet<String> {
        self.0.lock().expect("whole").clone()
    }
}

/// Every operation of the document, as `METHOD` and `/path`, in the order of the paths.
pub(super) fn operations() -> impl Iterator<Item = (String, &'static str)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().expect("operations").keys();
        methods.map(move |method| (method.to_uppercase(), path.as_str()))
    })
}

/// All responses of the document, as [`Heard`] names them.
pub(super) fn all() -> BTreeSet<String> {
    let responses = |(method, path): (String, &'static str)| {
        let responses = &DOCUMENT["paths"][path][method.to_lowercase()]["responses"];
        let responses = responses.as_object().expect("responses").keys();
        responses.map(move |status| format!("{method} {path} {status}"))
    };
    operations().flat_map(responses).collect()
}

fn operation(method: &Method, path: &str) -> Option<(&'static str, &'static Value)> {
    let fits = |template: &str| {
        template.split('/').count() == path.split('/').count()
            && template
                .split('/')
                .zip(path.split('/'))
                .all(|(wanted, found)| wanted.starts_with('{') || wanted == found)
    };
    let (template, operations) = DOCUMENT["paths"].as_object()?.iter().find(|(template, _)| fits(template))?;
    let operation = operations.get(method.as_str().to_lowercase())?;
    Some((template, operation))
}

fn fits(what: &str, schema: &Value, body: &[u8]) {
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|error| panic!("{what}: no JSON: {error}"));
    let mut root = json!({"$schema": "https://json-schema.org/draft/2020-12/schema"});
    root["components"] = DOCUMENT["components"].clone();
    root["allOf"] = json!([schema]);
    let validator = jsonschema::validator_for(&root).expect("a schema");
    let faults: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{what}: {faults:?} in {body}");
}
