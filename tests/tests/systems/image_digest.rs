//! `image-digest` against docker-registry, in the clear and behind TLS and a password.

use harness::{
    http::Client,
    image::Image,
    push::push,
    real::registry::{self, Access, Config, PASSWORD, Registry, USER},
    skip,
    tls::Authority,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sandbox::{Ask, Sandbox, reason, verdict};

/// A registry with an image, and what is needed to look at it.
struct Stage {
    registry: Registry,
    client: Client,
    ca_pem: String,
    digest: String,
    _folder: TempDir,
}

async fn stage(access: Access) -> Stage {
    let authority = Authority::new().expect("an authority");
    let identity = authority.issue(&["127.0.0.1"], Timestamp::now(), 90).expect("a certificate");
    let tls = (access == Access::Password).then_some(identity);
    let config = Config { tls, access };
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry::start(&config, folder.path()).await.expect("a registry");
    let client = registry.client(&config, &authority.pem()).expect("a client");
    let digest = push(&client, "acme/shop", "stable", &Image::of("1.0")).await.expect("pushed");
    Stage { registry, client, ca_pem: authority.pem(), digest, _folder: folder }
}

impl Stage {
    fn ask(&self, more: Value) -> Ask {
        let host = self.registry.url.split("://").nth(1).expect("an address");
        let mut config = json!({
            "registry": self.registry.url, "repository": "acme/shop", "tag": "stable", "allowedRegistries": [host],
        });
        config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        Ask { config, origins: vec![self.registry.url.clone()], ..Ask::default() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_evidence_and_its_move_is_said() {
    if let Some(why) = registry::unavailable() {
        return skip::because("a_tag_is_evidence_and_its_move_is_said", &why);
    }
    let stage = stage(Access::Open).await;
    let sandbox = Sandbox::load("image-digest", "").await;
    let first = sandbox.run(&stage.ask(json!({}))).await;
    assert_eq!(reason(&first), "", "{}", verdict(&first).summary);
    let details: Value = serde_json::from_str(&verdict(&first).details).expect("JSON");
    assert_eq!(details["evidence"][0]["subject"], json!(stage.digest));
    assert_eq!(details["evidence"][0]["attributes"]["repository"], json!("acme/shop"));
    assert_eq!(details["evidence"][0]["attributes"]["tag"], json!("stable"));

    let moved_to = push(&stage.client, "acme/shop", "stable", &Image::of("1.1")).await.expect("pushed");
    let moved = sandbox.run(&stage.ask(json!({}))).await;
    let details: Value = serde_json::from_str(&verdict(&moved).details).expect("JSON");
    assert_eq!(details["evidence"][0]["subject"], json!(moved_to));
    assert!(verdict(&moved).summary.contains(&stage.digest), "{}", verdict(&moved).summary);
    let settled = sandbox.run(&stage.ask(json!({}))).await;
    assert_eq!(reason(&settled), "", "{}", verdict(&settled).summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_absent_or_not_allowed_is_no_evidence() {
    if let Some(why) = registry::unavailable() {
        return skip::because("what_is_absent_or_not_allowed_is_no_evidence", &why);
    }
    let stage = stage(Access::Open).await;
    let sandbox = Sandbox::load("image-digest", "").await;
    for (more, expected) in [
        (json!({"tag": "nightly"}), "evidence-missing"),
        (json!({"repository": "acme/other"}), "evidence-missing"),
        (json!({"allowedRegistries": ["registry.example"]}), "assertion-failed"),
    ] {
        let outcome = sandbox.run(&stage.ask(more.clone())).await;
        assert_eq!(reason(&outcome), expected, "{more}: {}", verdict(&outcome).summary);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guarded_registry_is_read_with_the_secret() {
    if let Some(why) = registry::unavailable() {
        return skip::because("a_guarded_registry_is_read_with_the_secret", &why);
    }
    let stage = stage(Access::Password).await;
    let sandbox = Sandbox::load("image-digest", &stage.ca_pem).await;
    let with = |secret: String| Ask {
        secrets: vec![("registry", secret)],
        ..stage.ask(json!({"credentialsSecret": "registry"}))
    };
    let right = sandbox.run(&with(format!("{USER}:{PASSWORD}"))).await;
    assert_eq!(reason(&right), "", "{}", verdict(&right).summary);
    let wrong = sandbox.run(&with(format!("{USER}:wrong"))).await;
    assert_eq!(reason(&wrong), "auth-failed", "{}", verdict(&wrong).summary);
}
