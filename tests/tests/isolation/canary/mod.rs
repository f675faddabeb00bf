//! A canary tenant, every string of which carries a marker, beside a tenant that does everything there is to do. The
//! marker, and every id and digest that is the canary's, is searched for in all that the other tenant may see.
//!
//! Responses: every operation of the OpenAPI document, with each role of the other tenant, about its own things and about
//! the canary's. A log line or a series belongs to whom it names: the process logs and the metrics are the platform
//! operator's and hold all tenants, so what is held here is that no line and no series names two. The aggregator's metrics
//! name no tenant at all.

mod asking;
mod tenant;

use std::{collections::BTreeSet, fs, time::Duration};

use harness::{
    http::{Answer, Client},
    real::registry,
    skip,
    stand::Stand,
    state::Tenant,
    until::until,
};
use serde_json::{Value, json};

use asking::{Things, operations, questions};
use tenant::{Canary, MARKER};

/// Checks run every five seconds once their plugin is compiled; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_canarys_marker_is_nowhere_where_another_tenant_looks() {
    if let Some(why) = registry::unavailable() {
        return skip::because("a_canarys_marker_is_nowhere_where_another_tenant_looks", &why);
    }
    let stand = Stand::start().await.expect("a stand");
    let client = stand.client().expect("a client");
    let canary = Canary::settle(&stand).await;
    let own = &stand.state.tenants[0];
    broken_manifest(&stand, own);
    let markers = canary.markers();
    let things = [things_of(&client, own).await, canary.things()];
    responses(&client, own, &things, &markers).await;
    canary.sees_itself(&client).await;
    let own_names = names_of(&client, own).await;
    logs(&stand, &own_names, &markers).await;
    metrics(&stand, &own.name, &markers).await;
    only_a_known_scraper_reads(&stand).await;
}

/// Something about the tenant for the aggregator to log.
fn broken_manifest(stand: &Stand, tenant: &Tenant) {
    let manifest = format!(
        "apiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {{name: broken, namespace: {}}}\nspec: {{plugin: none-of-{}}}\n",
        tenant.namespace, tenant.name
    );
    fs::write(stand.manifest(&format!("{}-broken.yaml", tenant.name)), manifest).expect("written");
}

/// A release, a decision and a token of a seeded tenant.
async fn things_of(client: &Client, tenant: &Tenant) -> Things {
    let admin = client.with_token(&tenant.tokens.tenant_admin);
    let digest = format!("sha256:{}", "a".repeat(64));
    let mut things = Things::of(&tenant.name, tenant.environment(), tenant.service(), &digest);
    let checks = until(SOON, "checks", async || {
        let page = admin.get("/v1/checks").await?.json()?;
        Ok(page["items"][0]["id"].as_str().map(str::to_owned))
    });
    things.check = checks.await.expect("checks");
    things.make(&admin).await;
    things
}

async fn responses(client: &Client, own: &Tenant, things: &[Things; 2], markers: &BTreeSet<String>) {
    let tokens = &own.tokens;
    let mut searched = 0;
    for (method, path) in operations() {
        for question in things.iter().flat_map(|things| questions(&method, &path, things)) {
            for token in [&tokens.viewer, &tokens.pipeline, &tokens.tenant_admin] {
                let asked = question.ask(&client.with_token(token)).await;
                holds_none(&format!("{method} {}", question.path), &asked, markers);
                searched += 1;
            }
        }
    }
    assert!(searched >= 2 * 3 * operations().len(), "{searched} answers");
}

fn holds_none(what: &str, answer: &Answer, markers: &BTreeSet<String>) {
    let headers = format!("{:?}", answer.headers);
    assert_free(what, &format!("{headers}\n{}", answer.text()), markers);
}

/// No marker in a text, however it is written.
fn assert_free(what: &str, text: &str, markers: &BTreeSet<String>) {
    let text = text.to_lowercase();
    for marker in markers {
        assert!(!text.contains(marker), "{what} holds {marker}: {text}");
    }
}

fn holds_any(line: &str, markers: &BTreeSet<String>) -> bool {
    let line = line.to_lowercase();
    markers.iter().any(|marker| line.contains(marker))
}

/// What names the tenant in a log: its namespaces, and the ids of its checks.
async fn names_of(client: &Client, tenant: &Tenant) -> BTreeSet<String> {
    let page: Value =
        client.with_token(&tenant.tokens.viewer).get("/v1/checks").await.expect("an answer").json().expect("JSON");
    let ids =
        page["items"].as_array().expect("items").iter().map(|check| check["id"].as_str().expect("an id").to_owned());
    ids.chain([tenant.name.clone()]).collect()
}

/// Both tenants are in the logs, and never in one line.
async fn logs(stand: &Stand, own: &BTreeSet<String>, markers: &BTreeSet<String>) {
    let both_named = until(SOON, "log lines of both tenants", async || {
        let lines: String = stand.logs()?.into_iter().map(|(_, text)| text).collect();
        let names = |of: &BTreeSet<String>| lines.lines().any(|line| holds_any(line, of));
        Ok((names(own) && names(markers)).then_some(()))
    });
    both_named.await.expect("log lines");
    for (name, text) in stand.logs().expect("readable") {
        for line in text.lines().filter(|line| holds_any(line, own)) {
            assert_free(&name, line, markers);
        }
    }
}

/// The aggregator's metrics name nobody; an agent's name one tenant a series.
async fn metrics(stand: &Stand, own: &str, markers: &BTreeSet<String>) {
    let read = async |url: &str| Client::plain(url).expect("a client").get("").await.expect("metrics").text();
    let aggregator = read(&stand.aggregator_metrics().expect("an address")).await;
    assert!(aggregator.contains("floorwalker_ingest_records_total"), "{aggregator}");
    assert_free("the aggregator's metrics", &aggregator, markers);
    assert!(!aggregator.contains(&format!("\"{own}\"")), "{aggregator}");
    for agent in &stand.state.agents {
        let series = read(&agent.metrics_url).await;
        let (canarys, others): (Vec<&str>, Vec<&str>) =
            series.lines().partition(|line| line.contains(&format!("tenant=\"{MARKER}\"")));
        assert!(!canarys.is_empty(), "the canary's checks run on {}", agent.node);
        assert!(others.iter().any(|line| line.contains(&format!("tenant=\"{own}\""))), "so do the other's");
        for line in others {
            assert_free(&agent.node, line, markers);
        }
    }
}

/// An agent's series name tenants: beyond the node itself they are for whoever shows the operator's token.
async fn only_a_known_scraper_reads(stand: &Stand) {
    let file = stand.folder().join("scrape-token");
    fs::write(&file, "a token of the operator").expect("written");
    let flags = ["--metrics-token-file", file.to_str().expect("a path")];
    let (_agent, url) = stand.agent("node-3", &[], &flags).await.expect("an agent");
    let nobody = Client::plain(&url).expect("a client");
    let refused = nobody.get("").await.expect("an answer");
    assert_eq!((refused.status, refused.body.len()), (401, 0));
    let tenant = &stand.state.tenants[0].tokens.tenant_admin;
    assert_eq!(
        nobody.with_token(tenant).get("").await.expect("an answer").status,
        401,
        "a tenant's token is none here"
    );
    let known = nobody.with_token("a token of the operator").get("").await.expect("an answer");
    assert!(known.status == 200 && known.text().contains("floorwalker_"), "{}", known.text());
}

/// A token that was made for nothing but to be searched for.
fn token_body(tenant: &str) -> Value {
    let in_a_month = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(30 * 24);
    json!({"tenant": tenant, "role": "viewer", "expires_at": in_a_month.to_string()})
}
