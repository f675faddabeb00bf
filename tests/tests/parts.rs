//! The harness itself: the registry starts, takes an image with and without TLS and a password, and moves a tag.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use harness::{
    image::Image,
    push::{push, tag_digest},
    real::registry::{self, Access, Config},
    skip,
    tls::Authority,
};
use jiff::Timestamp;

#[tokio::test]
async fn an_image_is_pushed_and_its_tag_moved() {
    if let Some(why) = registry::unavailable() {
        return skip::because("an_image_is_pushed_and_its_tag_moved", &why);
    }
    let authority = Authority::new().expect("an authority");
    let identity = authority.issue(&["127.0.0.1", "localhost"], Timestamp::now(), 90).expect("a certificate");
    let guarded = Config { tls: Some(identity), access: Access::Password };
    for config in [Config::default(), guarded] {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = registry::start(&config, folder.path()).await.expect("a registry");
        let client = registry.client(&config, &authority.pem()).expect("a client");
        let first = push(&client, "acme/shop", "stable", &Image::of("1.0")).await.expect("pushed");
        assert_eq!(tag_digest(&client, "acme/shop", "stable").await.expect("a digest"), first);
        let second = push(&client, "acme/shop", "stable", &Image::of("1.1")).await.expect("pushed");
        assert_ne!(first, second);
        assert_eq!(tag_digest(&client, "acme/shop", "stable").await.expect("a digest"), second);
        registry.stop();
    }
}

#[test]
fn the_parts_end_with_whoever_started_them() {
    if let Some(why) = registry::unavailable() {
        return skip::because("the_parts_end_with_whoever_started_them", &why);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_floorwalker-parts"));
    command.arg("--dir").arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut parts = command.spawn().expect("started");
    let mut line = String::new();
    BufReader::new(parts.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let addresses: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    for part in ["shop", "registry"] {
        let url = addresses[part]["url"].as_str().expect("a URL");
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    }
    drop(parts.stdin.take());
    assert!(parts.wait().expect("ended").success());
}
