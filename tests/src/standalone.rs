//! Shell: a standalone agent for a test: checks of one tenant in a folder, and `/metrics`. Used by the suite `systems`.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{binary, child::Child, image::digest};

/// The tenant, and the namespace of all checks.
pub const NAMESPACE: &str = "acme-prod";
/// A start compiles no plugin: it only listens.
const START_MAX: Duration = Duration::from_secs(60);

/// A check by `http-probe`.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name, which is the label `check`.
    pub name: &'static str,
    /// The plugin's configuration.
    pub config: Value,
    /// The origins it may ask.
    pub origins: Vec<String>,
}

/// A running agent.
#[derive(Debug)]
pub struct Standalone {
    /// `127.0.0.1:PORT`, where `/metrics` is.
    pub address: String,
    child: Child,
}

/// Starts one on checks that run each five seconds, with an authority they trust.
///
/// # Errors
/// Something is not built, or it did not start.
pub async fn start(checks: &[Check], ca_pem: &str, folder: &Path) -> anyhow::Result<Standalone> {
    let (manifests, ca) = (folder.join("checks"), folder.join("ca.pem"));
    fs::create_dir_all(&manifests)?;
    let component = fs::read(binary::component("http-probe")?)?;
    fs::write(manifests.join("http-probe.wasm"), &component)?;
    fs::write(&ca, ca_pem)?;
    let mut documents = vec![tenant(checks), plugin(&component)];
    documents.extend(checks.iter().map(manifest));
    // JSON is YAML.
    let text: Vec<String> = documents.iter().map(Value::to_string).collect();
    fs::write(manifests.join("all.yaml"), text.join("\n---\n"))?;
    let mut command = Command::new(binary::find("floorwalker-agent")?);
    command.arg("--checks-dir").arg(&manifests).arg("--data-dir").arg(folder.join("agent"));
    command.args(["--node", "here", "--metrics-listen", "127.0.0.1:0", "--log-format", "json", "--grace", "5"]);
    command.arg("--target-ca").arg(&ca);
    let mut child = Child::spawn("agent", command, folder)?;
    let address = child.says(START_MAX, "its address", listening).await?;
    Ok(Standalone { address, child })
}

impl Standalone {
    /// Stops it.
    pub fn stop(mut self) {
        self.child.stop();
    }
}

fn document(kind: &str, metadata: &Value, spec: &Value) -> Value {
    json!({"apiVersion": "floorwalker.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
}

fn tenant(checks: &[Check]) -> Value {
    let mut origins: Vec<&String> = checks.iter().flat_map(|check| &check.origins).collect();
    origins.sort();
    origins.dedup();
    let spec = json!({
        "timeZone": "Europe/Berlin", "tier": "critical",
        "environments": [{"name": "prod", "namespaces": [NAMESPACE]}], "services": ["shop"],
        "ceiling": {"http": origins, "addresses": ["127.0.0.0/8", "::1/128"]},
    });
    document("Tenant", &json!({"name": "acme"}), &spec)
}

fn plugin(component: &[u8]) -> Value {
    let spec = json!({"source": {"file": "http-probe.wasm"}, "digest": digest(component)});
    document("Plugin", &json!({"name": "http-probe"}), &spec)
}

fn manifest(check: &Check) -> Value {
    let Check { name, config, origins } = check;
    let spec = json!({
        "plugin": "http-probe", "config": config, "grants": {"http": origins},
        "runInterval": "5s", "timeout": "5s", "alert": {"failures": 1, "of": 1, "recover": 1},
    });
    document("Check", &json!({"name": name, "namespace": NAMESPACE}), &spec)
}

/// The address in a log line of JSON with `"metrics":"ADDRESS"`.
fn listening(log: &str) -> Option<String> {
    let rest = log.split("\"metrics\":\"").nth(1)?;
    rest.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_log() {
        let log = r#"{"level":"INFO","fields":{"message":"listening","metrics":"127.0.0.1:41231","node":"here"}}"#;
        assert_eq!(listening(log).as_deref(), Some("127.0.0.1:41231"));
        assert_eq!(listening("{}"), None);
    }
}
