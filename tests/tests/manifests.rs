//! A folder full of wrong manifests: each is named with file, line and field, the same by `check validate` and by the
//! aggregator, and the good ones among them run. The files are in `tests/corpus/manifests`, named by what is wrong with
//! them; what is said of each stands in `tests/corpus/refusals.txt`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use harness::child::Child;
use harness::cli::Cli;
use harness::http::Client;
use harness::site::Site;
use harness::until::until;
use serde_json::Value;

/// Set by `cargo xtask codegen`: write instead of comparing.
const WRITE: &str = "FLOORWALKER_CODEGEN";
/// The aggregator describes one plugin first, which is a compile.
const SOON: Duration = Duration::from_secs(120);
/// The good documents among them, and all that do not come from the corpus.
const GOOD: [&str; 4] = ["good-first", "good-second", "good-before", "good-after"];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// A site whose catalogue is the corpus.
fn site(folder: &Path) -> Site {
    let site = Site::lay(folder).expect("a site");
    for entry in fs::read_dir(corpus().join("manifests")).expect("a corpus") {
        let file = entry.expect("listed").path();
        fs::copy(&file, site.catalogue().join(file.file_name().expect("a name"))).expect("copied");
    }
    site
}

/// What the command line says of a folder of manifests.
fn validated(catalogue: &Path) -> (i32, Value) {
    let words = ["check", "validate", catalogue.to_str().expect("text"), "--output", "json"];
    let ended = Cli::bare().run(&words).expect("runs");
    (ended.code, serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr)))
}

fn line(refused: &Value) -> String {
    let text = |key: &str| refused[key].as_str().expect("text").to_owned();
    let [file, field, message, remedy] = ["file", "field", "message", "remedy"].map(text);
    format!("{file}:{}:{}: {field}: {message}; {remedy}\n", refused["line"], refused["column"])
}

#[test]
fn golden_every_wrong_manifest_is_named_with_file_line_and_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = site(folder.path());
    let (code, report) = validated(&site.catalogue());
    assert_eq!(code, 1, "faults are no success");
    let refused = report["refused"].as_array().expect("a list");
    let said: String = refused.iter().map(line).collect();
    let golden = corpus().join("refusals.txt");
    if env::var_os(WRITE).is_some() {
        fs::write(&golden, &said).expect("written");
    }
    let expected = fs::read_to_string(&golden).expect("a golden file");
    assert_eq!(said, expected, "read the difference, then `cargo xtask codegen`");
    // Each file that is not named for being good has a refusal of its own, at a line it has.
    let named: BTreeSet<&str> = refused.iter().filter_map(|refusal| refusal["file"].as_str()).collect();
    let mut wrong = 0;
    for entry in fs::read_dir(site.catalogue()).expect("listed") {
        let name = entry.expect("listed").file_name().into_string().expect("text");
        let is_good = ["good.yaml", "platform.yaml"].contains(&name.as_str()) || !name.ends_with(".yaml");
        assert_eq!(named.contains(name.as_str()), !is_good, "{name}");
        wrong += usize::from(!is_good);
    }
    assert!(wrong >= 60, "{wrong} wrong files");
    for refusal in refused {
        let (file, line) = (refusal["file"].as_str().expect("text"), refusal["line"].as_u64().expect("a number"));
        let text = fs::read(site.catalogue().join(file)).expect("readable");
        let lines = text.split(|byte| *byte == b'\n').count() as u64;
        assert!((1..=lines).contains(&line) && refusal["remedy"] != "", "{refusal}");
    }
    let names = report["documents"].as_array().expect("a list").iter().filter_map(|document| document["name"].as_str());
    let taken: BTreeSet<&str> = names.filter_map(|name| name.strip_prefix("acme-prod/")).collect();
    assert_eq!(taken, BTreeSet::from(GOOD));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aggregator_says_the_same_and_runs_the_good_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = site(folder.path());
    site.admit("node-1").expect("a certificate");
    let command = site.aggregator(&folder.path().join("data")).expect("built");
    let mut aggregator = Child::spawn("aggregator", command, folder.path()).expect("started");
    site.listening(&mut aggregator).await.expect("listening");
    site.in_force(&mut aggregator).await.expect("a catalogue");
    let (_, report) = validated(&site.catalogue());
    let log = aggregator.output();
    for refused in report["refused"].as_array().expect("a list") {
        let text = |key: &str| refused[key].as_str().expect("text");
        // As the log writes them: words with quotes are escaped.
        let message = text("message").replace('"', "\\\"");
        let is_said = log.lines().any(|line| {
            line.contains(&format!("file=\"{}\"", text("file")))
                && line.contains(&format!("line={}", refused["line"]))
                && (line.contains(text("message")) || line.contains(&message))
        });
        assert!(is_said, "the aggregator does not say {refused}\n{log}");
    }
    let agent = site.agent("node-1", &folder.path().join("agent")).expect("built");
    let _agent = Child::spawn("agent", agent, folder.path()).expect("started");
    let viewer = site.token(&folder.path().join("data"), "acme", "viewer").expect("a token");
    let ca = fs::read_to_string(site.certificate("ca.pem")).expect("a certificate");
    let viewer = Client::new(&format!("https://{}", site.address()), &ca).expect("a client").with_token(&viewer);
    let ran = until(SOON, "a run of each good check", async || {
        let page: Value = viewer.get("/v1/checks").await?.document()?;
        let mut ran = BTreeSet::new();
        for check in page["items"].as_array().into_iter().flatten() {
            let nodes = check["nodes"].as_array().into_iter().flatten();
            if nodes.filter(|node| node["observed_at"].is_string()).count() > 0 {
                ran.extend(check["name"].as_str().map(str::to_owned));
            }
        }
        Ok((ran == GOOD.map(str::to_owned).into()).then_some(()))
    });
    ran.await.expect("wrong manifests keep nobody from running");
}
