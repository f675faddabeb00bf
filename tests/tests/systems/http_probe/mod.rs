//! `http-probe` against servers that behave, servers that do not, and certificates of every kind.

mod certificates;
mod misbehave;

use std::collections::BTreeMap;

use harness::serve;
use serde_json::{Value, json};

use crate::sandbox::{Ask, Sandbox, reason, verdict};

fn pages() -> serve::Pages {
    BTreeMap::from([
        ("/", (200, Vec::new(), "the shop is open".to_owned())),
        ("/broken", (500, Vec::new(), "oops".to_owned())),
        ("/moved", (302, vec![("location", "/".to_owned())], String::new())),
    ])
}

fn ask(origin: &str, path: &str, more: Value) -> Ask {
    let mut config = json!({"url": format!("{origin}{path}")});
    config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    Ask { config, origins: vec![origin.to_owned()], ..Ask::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_body_and_redirects_are_judged() {
    let server = serve::plain(pages()).await.expect("a server");
    let sandbox = Sandbox::load("http-probe", "").await;
    let cases = [
        ("/", json!({}), ""),
        ("/", json!({"body": {"contains": "open"}}), ""),
        ("/", json!({"body": {"contains": "closed"}}), "body-mismatch"),
        ("/broken", json!({}), "http-status"),
        ("/broken", json!({"status": [500]}), ""),
        ("/moved", json!({}), "http-status"),
        ("/moved", json!({"redirects": {"follow": 1}}), ""),
        ("/moved", json!({"redirects": {"expect": "/"}}), ""),
        ("/moved", json!({"redirects": {"expect": "/elsewhere"}}), "assertion-failed"),
    ];
    for (path, more, expected) in cases {
        let outcome = sandbox.run(&ask(&server.url, path, more.clone())).await;
        assert_eq!(reason(&outcome), expected, "{path} {more}: {}", verdict(&outcome).summary);
    }
}
