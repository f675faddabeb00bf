//! A real agent and the real blackbox exporter on the same targets, both scraped by a real Prometheus as
//! `docs/reference/blackbox.md` says.

mod agreement;
mod queries;

use std::{collections::BTreeMap, time::Duration};

use harness::{
    misbehave::{self, Manner},
    real::{
        blackbox::{self, Blackbox},
        prometheus::{self, Prometheus},
    },
    serve::{self, Server},
    standalone::{self, Check, Standalone},
    tls::{Authority, Identity},
    until::until,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How the document says that an agent is scraped; the test holds it to this text.
const RELABELLING: &str = "metric_relabel_configs:
      - {source_labels: [target], regex: (.+), target_label: instance}";
/// Compiling the plugin, the first run of each check, a scrape: 15 s on an idle machine.
const SCRAPED_MAX: Duration = Duration::from_secs(120);
/// Days that the good certificate has left: published alerts warn below 30, 21 and 20.
const DAYS: i64 = 15;

/// What both look at.
struct Target {
    name: &'static str,
    url: String,
    /// Configuration of `http-probe` beside the URL.
    config: Value,
    /// The exporter's module that asks the same.
    module: &'static str,
}

/// Everything, running.
struct Stage {
    prometheus: Prometheus,
    exporter: Blackbox,
    agent: Standalone,
    targets: Vec<Target>,
    _servers: Vec<Server>,
    _folder: TempDir,
}

/// Why it cannot be started here, if so.
fn unavailable() -> Option<String> {
    blackbox::unavailable().or_else(prometheus::unavailable)
}

async fn stage() -> Stage {
    let folder = tempfile::Builder::new().prefix("floorwalker-blackbox-").tempdir().expect("a folder");
    let authority = Authority::new().expect("an authority");
    let (targets, servers) = targets(&authority).await;
    let ca = folder.path().join("authority.pem");
    std::fs::write(&ca, authority.pem()).expect("written");
    let exporter = blackbox::start(&modules(&ca.display().to_string()), folder.path()).await.expect("an exporter");
    let checks: Vec<Check> = targets.iter().map(Target::check).collect();
    let agent = standalone::start(&checks, &authority.pem(), folder.path()).await.expect("an agent");
    let settings = scrapes(&agent.address, &exporter.address, &targets);
    let prometheus = prometheus::start(&settings, folder.path()).await.expect("a Prometheus");
    let stage = Stage { prometheus, exporter, agent, targets, _servers: servers, _folder: folder };
    let all = "count by (job) (probe_success)";
    let scraped = until(SCRAPED_MAX, "both to have looked at every target", async || {
        let counts = stage.prometheus.query(all).await?;
        let complete = counts.iter().filter(|count| count.value == stage.targets.len() as f64);
        Ok((complete.count() == 2).then_some(()))
    });
    scraped.await.expect("scraped");
    stage
}

impl Stage {
    fn stop(self) {
        self.prometheus.stop();
        self.agent.stop();
        self.exporter.stop();
    }

    fn url(&self, name: &str) -> &str {
        let found = self.targets.iter().find(|target| target.name == name);
        &found.expect("a target of that name").url
    }
}

impl Target {
    fn check(&self) -> Check {
        let mut config = self.config.clone();
        config["url"] = json!(self.url);
        Check { name: self.name, config, origins: vec![origin(&self.url)] }
    }
}

/// Scheme, host and port of a URL, which is the label `target`.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    format!("{scheme}://{}", rest.split('/').next().expect("a host"))
}

async fn targets(authority: &Authority) -> (Vec<Target>, Vec<Server>) {
    let pages = || -> serve::Pages {
        BTreeMap::from([
            ("/", (200, Vec::new(), "the shop is open".to_owned())),
            ("/moved", (302, vec![("location", "/".to_owned())], String::new())),
        ])
    };
    let plain = serve::plain(pages()).await.expect("a server");
    let foreign = Authority::new().expect("an authority");
    let issued = |by: &Authority, days| by.issue(&["localhost"], Timestamp::now(), days).expect("a certificate");
    let secure = async |identity: Identity| serve::tls(pages(), &identity).await.expect("a server");
    let tls = secure(issued(authority, DAYS)).await;
    let unknown = secure(issued(&foreign, 90)).await;
    let expired = secure(issued(authority, -2)).await;
    let misbehaving = async |manner| misbehave::start(manner).await.expect("a server");
    let silent = misbehaving(Manner::Silent).await;
    let (late_head, late_body) = (misbehaving(Manner::LateHead).await, misbehaving(Manner::LateBody).await);
    let target = |name, server: &Server, path: &str, config, module| Target {
        name,
        url: format!("{}{path}", server.url),
        config,
        module,
    };
    // Port 1 is reserved and nobody listens there.
    let refused = Target { name: "refused", url: "http://127.0.0.1:1/".to_owned(), config: json!({}), module: "plain" };
    let targets = vec![
        target("open", &plain, "/", json!({}), "plain"),
        target("missing", &plain, "/missing", json!({}), "plain"),
        target("redirect", &plain, "/moved", json!({}), "plain"),
        target("followed", &plain, "/moved", json!({"redirects": {"follow": 3}}), "following"),
        target("tls", &tls, "/", json!({}), "plain"),
        target("unknown-authority", &unknown, "/", json!({}), "plain"),
        target("unverified", &unknown, "/", json!({}), "unverified"),
        target("expired", &expired, "/", json!({}), "plain"),
        refused,
        target("silent", &silent, "/", json!({"timeoutMs": 2_000}), "short"),
        target("late-head", &late_head, "/", json!({}), "plain"),
        target("late-body", &late_body, "/", json!({}), "plain"),
    ];
    (targets, vec![plain, tls, unknown, expired, silent, late_head, late_body])
}

/// The exporter's settings; JSON is YAML.
fn modules(ca_file: &str) -> String {
    let module = |timeout: &str, follow: bool, tls: Value| {
        let http = json!({
            "preferred_ip_protocol": "ip4", "valid_status_codes": [200], "follow_redirects": follow, "tls_config": tls,
        });
        json!({"prober": "http", "timeout": timeout, "http": http})
    };
    let trust = || json!({"ca_file": ca_file});
    let modules = json!({
        "plain": module("4s", false, trust()),
        "following": module("4s", true, trust()),
        "unverified": module("4s", false, json!({"insecure_skip_verify": true})),
        "short": module("2s", false, trust()),
    });
    json!({"modules": modules}).to_string()
}

/// Prometheus's settings: the agent as the document has it, the exporter as its own does.
fn scrapes(agent: &str, exporter: &str, targets: &[Target]) -> String {
    let each: String = targets
        .iter()
        .map(|Target { name, url, module, .. }| {
            format!("      - {{targets: ['{url}'], labels: {{check: {name}, __param_module: {module}}}}}\n")
        })
        .collect();
    format!(
        "global: {{scrape_interval: 5s, scrape_timeout: 5s}}
scrape_configs:
  - job_name: floorwalker
    static_configs:
      - {{targets: ['{agent}']}}
    {RELABELLING}
  - job_name: blackbox
    metrics_path: /probe
    static_configs:
{each}    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: '{exporter}'}}
"
    )
}
