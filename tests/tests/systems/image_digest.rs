//! `image-digest` against docker-registry behind TLS and a password.

use harness::{
    http::Client,
    image::{Family, Image, Index},
    push::{push, push_index},
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

async fn stage() -> Stage {
    let authority = Authority::new().expect("an authority");
    let identity = authority.issue(&["127.0.0.1"], Timestamp::now(), 90).expect("a certificate");
    let config = Config { tls: Some(identity), access: Access::Password };
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
            "credentialsSecret": "registry",
        });
        config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let secrets = vec![("registry", format!("{USER}:{PASSWORD}"))];
        Ask { config, secrets, origins: vec![self.registry.url.clone()], ..Ask::default() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_evidence_and_its_move_is_said() {
    if let Some(why) = registry::unavailable() {
        return skip::because("a_tag_is_evidence_and_its_move_is_said", &why);
    }
    let stage = stage().await;
    let sandbox = Sandbox::load("image-digest", &stage.ca_pem).await;
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
    let stage = stage().await;
    let sandbox = Sandbox::load("image-digest", &stage.ca_pem).await;
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
async fn only_who_shows_the_secret_reads_the_registry() {
    if let Some(why) = registry::unavailable() {
        return skip::because("only_who_shows_the_secret_reads_the_registry", &why);
    }
    let stage = stage().await;
    let sandbox = Sandbox::load("image-digest", &stage.ca_pem).await;
    let wrong = Ask { secrets: vec![("registry", format!("{USER}:wrong"))], ..stage.ask(json!({})) };
    let outcome = sandbox.run(&wrong).await;
    assert_eq!(reason(&outcome), "auth-failed", "{}", verdict(&outcome).summary);
    // Nobody is let in without a password, and nobody without the authority sees more than its certificate.
    let mut nobody = stage.ask(json!({}));
    nobody.config.as_object_mut().expect("an object").remove("credentialsSecret");
    let outcome = sandbox.run(&nobody).await;
    assert_eq!(reason(&outcome), "auth-failed", "{}", verdict(&outcome).summary);
    let stranger = Sandbox::load("image-digest", "").await;
    let outcome = stranger.run(&stage.ask(json!({}))).await;
    assert_eq!(reason(&outcome), "tls-invalid", "{}", verdict(&outcome).summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_and_each_of_its_platforms_have_their_own_digest() {
    if let Some(why) = registry::unavailable() {
        return skip::because("an_index_and_each_of_its_platforms_have_their_own_digest", &why);
    }
    let stage = stage().await;
    for family in [Family::Oci, Family::Docker] {
        let sandbox = Sandbox::load("image-digest", &stage.ca_pem).await;
        let index = Index::of("2.0", family);
        let whole = push_index(&stage.client, "acme/many", "stable", &index).await.expect("pushed");
        let mut expected = vec![("stable".to_owned(), whole, index.media_type)];
        for (platform, image) in &index.images {
            expected.push((format!("stable-{platform}"), image.digest(), image.media_type));
        }
        for (tag, digest, media_type) in expected {
            let outcome = sandbox.run(&stage.ask(json!({"repository": "acme/many", "tag": tag}))).await;
            assert_eq!(reason(&outcome), "", "{family:?} {tag}: {}", verdict(&outcome).summary);
            let details: Value = serde_json::from_str(&verdict(&outcome).details).expect("JSON");
            assert_eq!(details["evidence"][0]["subject"], json!(digest), "{family:?} {tag}");
            assert_eq!(details["evidence"][0]["attributes"]["media_type"], json!(media_type), "{family:?} {tag}");
        }
    }
}
