//! Shell: an agent that has little to do: the four plugins, 20 checks at 60 s against a shop and a registry, an
//! aggregator over TLS, and a scrape of its metrics each 15 s, as Prometheus does.

use std::path::Path;
use std::time::Duration;

use harness::child::Child;
use harness::http::Client;
use harness::parts::{self, Parts};
use harness::real::registry;
use harness::site::{HEAD, Site};
use harness::{binary, watch};
use sha2::{Digest as _, Sha256};

use super::runtime;
use crate::process;
use crate::stage::Stage;
use crate::table::Table;

const TENANT: &str = "idle";
/// Checks of each plugin.
const CHECKS: usize = 5;
const PLUGINS: [&str; 4] = ["http-probe", "odoo-order", "image-digest", "node-baseline"];
/// As Prometheus does by itself.
const SCRAPE: Duration = Duration::from_secs(15);
const SCRAPES: u32 = 8;
/// A first run of everything, which is spread over the interval.
const START_MAX: Duration = Duration::from_secs(150);
/// The same as the shop's stand-in has.
const PASSWORD: &str = "synthetic-idle";

pub(crate) fn measure(_: &Stage, table: &mut Table) -> anyhow::Result<()> {
    if let Some(why) = registry::unavailable() {
        eprintln!("idle agent: not measured, {why}");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    runtime()?.block_on(of(folder.path(), table))
}

async fn of(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let parts = parts::start(&[TENANT.to_owned()], folder).await?;
    let site = Site::lay(folder)?;
    lay(&site, &parts)?;
    let secrets = folder.join("secrets");
    secret(&secrets)?;
    let data = folder.join("aggregator");
    let mut command = site.aggregator(&data)?;
    command.arg("--secrets-dir").arg(&secrets);
    let mut aggregator = Child::spawn("aggregator", command, folder)?;
    site.listening(&mut aggregator).await?;
    site.in_force(&mut aggregator).await?;
    site.admit("node-0")?;
    let mut agent = Child::spawn("agent", site.agent("node-0", &folder.join("agent"))?, folder)?;
    let address = agent.says(START_MAX, "where it listens", watch::listening).await?;
    let metrics = Client::plain(&format!("http://{address}"))?;
    let runs = async || anyhow::Ok(watch::sum(&metrics.get("/metrics").await?.text(), "floorwalker_runs_total"));
    harness::until::until(START_MAX, "a first run of each check", async || {
        Ok((runs().await? >= (CHECKS * PLUGINS.len()) as f64).then_some(()))
    })
    .await?;
    let (cpu, began) = (process::cpu(agent.pid())?, std::time::Instant::now());
    let mut resident = 0.0_f64;
    for _ in 0..SCRAPES {
        tokio::time::sleep(SCRAPE).await;
        runs().await?;
        resident = resident.max(process::resident_mib(agent.pid())?);
    }
    let share = (process::cpu(agent.pid())? - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
    let bare = process::resident_mib(std::process::id())?;
    table.compare("agent with 20 checks at 60 s, resident", resident, "MiB", (bare, "this benchmark itself"));
    table.bar("at most 32 MiB");
    table.compare("agent with 20 checks at 60 s, CPU", 100.0 * share, "% of a core", (100.0, "one core"));
    table.bar("at most 1 %");
    Ok(())
}

/// Its tenant, the plugins and the checks.
fn lay(site: &Site, parts: &Parts) -> anyhow::Result<()> {
    let mut text = format!(
        "{HEAD}kind: Tenant\nmetadata: {{name: {TENANT}}}\nspec:\n  timeZone: Europe/Berlin\n  tier: standard\n  \
         environments: [{{name: prod, namespaces: [{TENANT}-prod]}}]\n  services: [shop]\n  ceiling: {{http: [\"{}\", \
         \"{}\"], addresses: [127.0.0.0/8]}}\n",
        parts.shop.url, parts.registry.url
    );
    for plugin in PLUGINS {
        if plugin != "http-probe" {
            let component = std::fs::read(binary::component(plugin)?)?;
            let digest = hex::encode(Sha256::digest(&component));
            std::fs::write(site.catalogue().join(format!("{plugin}.wasm")), &component)?;
            text.push_str(&format!(
                "---\n{HEAD}kind: Plugin\nmetadata: {{name: {plugin}}}\nspec: {{source: {{file: {plugin}.wasm}}, digest: \
                 \"sha256:{digest}\"}}\n"
            ));
        }
        for place in 0..CHECKS {
            // Node files are the platform's to read.
            let owner = if plugin == "node-baseline" { String::new() } else { format!(", namespace: {TENANT}-prod") };
            text.push_str(&format!(
                "---\n{HEAD}kind: Check\nmetadata: {{name: {plugin}-{place}{owner}}}\nspec:\n  plugin: {plugin}\n{}  \
                 runInterval: 60s\n  timeout: 10s\n",
                spec(plugin, parts)
            ));
        }
    }
    site.manifest("idle.yaml", &text)
}

fn spec(plugin: &str, parts: &Parts) -> String {
    let (shop, registry) = (&parts.shop.url, &parts.registry.url);
    let authority = registry.split_once("://").map_or(registry.as_str(), |(_, authority)| authority);
    match plugin {
        "http-probe" => format!("  config: {{url: \"{shop}/web/health\"}}\n  grants: {{http: [\"{shop}\"]}}\n"),
        "odoo-order" => format!(
            "  config: {{baseUrl: \"{shop}\", database: {TENANT}, login: synthetic, passwordSecret: odoo-password, \
             partner: {{ref: synthetic-probe}}, product: {{code: SYN-PROBE}}}}\n  secrets: [{{name: odoo-password, from: \
             {{secret: odoo, key: password}}}}]\n  grants: {{http: [\"{shop}\"]}}\n  placement: {{mode: Once}}\n  \
             mutating: true\n"
        ),
        "image-digest" => format!(
            "  config: {{registry: \"{registry}\", repository: {TENANT}/shop, tag: {}, allowedRegistries: [\"{authority}\"]}}\n  \
             grants: {{http: [\"{registry}\"]}}\n  placement: {{mode: Once}}\n",
            parts::TAG
        ),
        _ => "  config: {kernel: {min: \"4.19\"}, sysctls: {kernel.ostype: Linux}}\n  \
              grants: {nodeFiles: [/proc/sys/kernel/ostype]}\n"
            .to_owned(),
    }
}

/// The password of the journeys, for its owner alone.
fn secret(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let own = folder.join(format!("{TENANT}-prod/odoo"));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&own)?;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(own.join("password"))?;
    Ok(std::io::Write::write_all(&mut file, PASSWORD.as_bytes())?)
}
