//! `node-baseline` against the machine the test runs on.

use harness::image::digest;
use serde_json::{Value, json};

use crate::sandbox::{Ask, Sandbox, verdict};

const FILE: &str = "/etc/os-release";

fn ask(config: Value) -> Ask {
    Ask { config, files: vec![FILE, "/proc/sys/**"], ..Ask::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_found_unless_it_is_ignored() {
    let sandbox = Sandbox::load("node-baseline", "").await;
    let hash = digest(&std::fs::read(FILE).expect("a Linux machine")).trim_start_matches("sha256:").to_owned();
    let ostype = std::fs::read_to_string("/proc/sys/kernel/ostype").expect("a Linux machine").trim().to_owned();
    let same = sandbox.run(&ask(json!({"files": {FILE: hash}, "sysctls": {"kernel.ostype": ostype}}))).await;
    assert_eq!(verdict(&same).reason, None, "{}", verdict(&same).summary);
    let other = json!({"files": {FILE: "0".repeat(64)}, "sysctls": {"kernel.ostype": ostype}});
    let drifted = sandbox.run(&ask(other.clone())).await;
    assert_eq!(verdict(&drifted).reason.as_deref(), Some("drift-detected"), "{}", verdict(&drifted).summary);
    assert!(verdict(&drifted).details.contains(FILE), "{}", verdict(&drifted).details);
    let mut ignored = other;
    ignored["ignore"] = json!([format!("file:{FILE}")]);
    let passed = sandbox.run(&ask(ignored)).await;
    assert_eq!(verdict(&passed).reason, None, "{}", verdict(&passed).summary);
}
