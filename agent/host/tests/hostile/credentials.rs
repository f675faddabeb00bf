//! What a redirect does not carry, seen by the server it leads to.

use host::{Secret, run};
use serde_json::json;

use crate::dialer::{Lying, SERVERS};
use crate::network::{granted, told};
use crate::server::{Server, ok};
use crate::stage::{Stage, call, plugin};

/// A secret goes to the origin it was meant for: not to another name, address or port, by whatever redirect.
#[tokio::test]
async fn no_redirect_carries_a_credential_to_another_origin() {
    let elsewhere = Server::start(|_| ok("arrived")).await;
    let away = elsewhere.address.port();
    let server = Server::start(move |path| {
        let mut words = path.trim_start_matches('/').split('/');
        let (status, host) = (words.next().expect("a status"), words.next().expect("a host"));
        format!("HTTP/1.1 {status} Away\r\nlocation: http://{host}:{away}/\r\ncontent-length: 0\r\n\r\n")
    })
    .await;
    let mut names = Lying::default();
    for name in ["localhost.example", "other.example"] {
        names.say(name, &[&[[127, 0, 0, 1].into()]]);
    }
    let origins: Vec<_> = ["localhost.example", "other.example", "127.0.0.1"]
        .iter()
        .flat_map(|host| [server.address.port(), away].map(|port| format!("http://{host}:{port}")))
        .collect();
    let own = |path: String| format!("http://localhost.example:{}{path}", server.address.port());
    let urls: Vec<String> = [301, 302, 303, 307, 308]
        .iter()
        .flat_map(|status| {
            // Another name, the literal of the same machine, and the same name at another port.
            ["other.example", "127.0.0.1", "localhost.example"].map(|host| own(format!("/{status}/{host}")))
        })
        .collect();
    let mut call = call(json!({"urls": urls, "redirects": 1, "secret": "api-key"}));
    call.grants = granted(&origins, SERVERS);
    call.secrets.insert("api-key".to_owned(), Secret::new(b"hunter2".to_vec()));
    let outcome = run(&plugin("forbidden_host"), call, &Stage::with(names, vec![]).backends).await;
    assert!(told(&outcome).iter().all(|line| line == "200 arrived"), "{:?}", told(&outcome));
    assert!(server.seen().iter().all(|head| head.contains("x-key: hunter2\r\n")));
    let seen = elsewhere.seen();
    assert_eq!(seen.len(), urls.len());
    for head in seen {
        assert!(!head.contains("hunter2") && !head.to_lowercase().contains("x-key"), "{head}");
    }
}
