//! Shell: what stays up after the story, where it is, and what to try with it: read from `state.json`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::args::Setting;

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
    environments: Vec<String>,
    services: Vec<String>,
    tokens: Tokens,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    tenant_admin: String,
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

pub(crate) fn read(setting: &Setting, state: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(state).with_context(|| format!("{} cannot be read", state.display()))?;
    page(&text, &state.display().to_string(), &program(setting))
}

/// The command line as one types it in the checkout: what cargo builds may lie elsewhere.
fn program(setting: &Setting) -> String {
    let program = setting.binaries().join("floorwalker");
    program.strip_prefix(&setting.root).unwrap_or(&program).display().to_string()
}

fn page(text: &str, file: &str, program: &str) -> anyhow::Result<String> {
    let State { aggregator, catalogue_dir, tenants, agents, shop, registry } =
        serde_json::from_str(text).with_context(|| format!("{file} has another form"))?;
    let tenant = tenants.first().context("no tenant was seeded")?;
    let environment = tenant.environments.last().context("the tenant has no environment")?;
    let service = tenant.services.first().context("the tenant has no service")?;
    let mut page = format!("\nStays up until Ctrl-C. What follows is also in {file}.\n\n");
    let mut place = |what: &str, place: &str| page.push_str(&format!("  {what:<12}{place}\n"));
    place("aggregator", &aggregator.url);
    for agent in &agents {
        place(&agent.node, &agent.metrics_url);
    }
    place("shop", &shop.url);
    place("registry", &registry.url);
    place("catalogue", &format!("{catalogue_dir}: a manifest dropped there takes effect within two seconds"));
    let (name, token) = (&tenant.name, &tenant.tokens.tenant_admin);
    page.push_str(&format!("\nTry, in another terminal, as the administrator of {name}:\n\n"));
    let commands = [
        format!("export FLOORWALKER_URL={} FLOORWALKER_CA={}", aggregator.url, aggregator.ca_file),
        format!("export FLOORWALKER_TOKEN={token}"),
        format!("{program} check list"),
        format!("{program} node list"),
        format!("{program} gate explain --tenant {name} --environment {environment} --service {service}"),
        format!(
            "curl -X PUT {}/__stand-in/faults/{name} -H 'content-type: application/json' -d '{{\"fault\":\"confirm-refused\"}}'",
            shop.url
        ),
    ];
    for command in commands {
        page.push_str(&format!("  {command}\n"));
    }
    page.push_str("\nThe last one breaks the shop: explain again after ten seconds, and mend it with \"none\".\n");
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_a_first_command_are_printed() {
        let state = r#"{"aggregator":{"url":"https://127.0.0.1:7443","ca_file":"ca.pem"},"catalogue_dir":"catalogue",
            "tenants":[{"name":"acme","namespace":"acme-prod","environments":["staging","prod"],"services":["shop"],"tokens":{"viewer":"v","pipeline":"fwt_1","tenant_admin":"fwt_2"}}],
            "agents":[{"node":"node-1","metrics_url":"http://127.0.0.1:9877/metrics","pid":7}],
            "shop":{"url":"http://127.0.0.1:8069"},"registry":{"url":"http://127.0.0.1:5000"}}"#;
        let page = page(state, "state.json", "built/floorwalker").expect("the documented form");
        for word in ["https://127.0.0.1:7443", "node-1", "FLOORWALKER_TOKEN=fwt_2", "built/floorwalker check list"] {
            assert!(page.contains(word), "{word} is missing in {page}");
        }
        assert!(super::page("{}", "state.json", "floorwalker").is_err());
    }

    #[test]
    fn the_program_is_where_cargo_put_it() {
        let usual = crate::args::setting();
        let inside = Setting { target: usual.root.join("target"), ..usual.clone() };
        assert_eq!(program(&inside), "target/debug/floorwalker");
        assert_eq!(program(&Setting { target: "/elsewhere".into(), ..usual }), "/elsewhere/debug/floorwalker");
    }
}
