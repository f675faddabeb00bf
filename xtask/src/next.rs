//! Shell: what stays up after the story, where it is, and what to try with it: read from `state.json`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct State {
    aggregator: Aggregator,
    catalogue_dir: String,
    tenants: Vec<Tenant>,
    agents: Vec<Agent>,
    shop: Address,
    registry: Address,
}

#[derive(Debug, Deserialize)]
struct Aggregator {
    url: String,
    ca_file: String,
}

#[derive(Debug, Deserialize)]
struct Tenant {
    name: String,
    tokens: Tokens,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    pipeline: String,
}

#[derive(Debug, Deserialize)]
struct Agent {
    node: String,
    metrics_url: String,
}

#[derive(Debug, Deserialize)]
struct Address {
    url: String,
}

pub(crate) fn read(state: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(state).with_context(|| format!("{} cannot be read", state.display()))?;
    page(&text, &state.display().to_string())
}

fn page(text: &str, file: &str) -> anyhow::Result<String> {
    let state: State = serde_json::from_str(text).with_context(|| format!("{file} has another form"))?;
    let mut page = format!(
        "\nStays up until Ctrl-C. Everything below is also in {file}.\n\n  aggregator  {}\n  shop        {}\n  \
         registry    {}\n  catalogue   {}\n",
        state.aggregator.url, state.shop.url, state.registry.url, state.catalogue_dir
    );
    for agent in &state.agents {
        page.push_str(&format!("  agent       {} {}\n", agent.node, agent.metrics_url));
    }
    let tenant = state.tenants.first().context("no tenant was seeded")?;
    page.push_str(&format!(
        "\nTry, as the pipeline of {}:\n\n  export FLOORWALKER_URL={} FLOORWALKER_CA={} \\\n    \
         FLOORWALKER_TOKEN={}\n  target/debug/floorwalker check list\n  target/debug/floorwalker node list\n  \
         target/debug/floorwalker freeze list\n\nA manifest dropped into the catalogue folder takes effect within two seconds.\n",
        tenant.name, state.aggregator.url, state.aggregator.ca_file, tenant.tokens.pipeline
    ));
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_a_first_command_are_printed() {
        let state = r#"{"aggregator":{"url":"https://127.0.0.1:7443","ca_file":"ca.pem"},"catalogue_dir":"catalogue",
            "tenants":[{"name":"acme","namespace":"acme-prod","tokens":{"viewer":"v","pipeline":"fwt_1","tenant_admin":"t"}}],
            "agents":[{"node":"node-1","metrics_url":"http://127.0.0.1:9877/metrics","pid":7}],
            "shop":{"url":"http://127.0.0.1:8069"},"registry":{"url":"http://127.0.0.1:5000"}}"#;
        let page = page(state, "state.json").expect("the documented form");
        for word in ["https://127.0.0.1:7443", "node-1", "FLOORWALKER_TOKEN=fwt_1", "check list"] {
            assert!(page.contains(word), "{word} is missing in {page}");
        }
        assert!(super::page("{}", "state.json").is_err());
    }
}
