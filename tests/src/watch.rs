//! Shell: looks at what the product says of itself: a check's nodes and results over the API, a counter at an agent.
//! Used by the suites; asks, and never judges.

use std::net::SocketAddr;

use anyhow::Context;
use serde_json::Value;

use crate::{
    http::Client,
    state::{Agent, State, Tenant},
};

/// The ways to look at one tenant.
#[derive(Clone, Debug)]
pub struct Eyes {
    viewer: Client,
}

impl Eyes {
    /// With the tenant's viewer token.
    #[must_use]
    pub fn of(client: &Client, tenant: &Tenant) -> Self {
        Self { viewer: client.with_token(&tenant.tokens.viewer) }
    }

    /// The tenant's checks that a plugin runs.
    ///
    /// # Errors
    /// No good answer.
    pub async fn checks(&self, plugin: &str) -> anyhow::Result<Vec<Value>> {
        let page: Value = self.viewer.get("/v1/checks").await?.document()?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        Ok(items.into_iter().filter(|check| check["plugin"] == plugin).collect())
    }

    /// How a check stands on a node; absent before its first result.
    ///
    /// # Errors
    /// No good answer.
    pub async fn on_node(&self, check: &str, node: &str) -> anyhow::Result<Option<Value>> {
        let document: Value = self.viewer.get(&format!("/v1/checks/{check}")).await?.document()?;
        let nodes = document["nodes"].as_array().cloned().unwrap_or_default();
        Ok(nodes.into_iter().find(|state| state["node"] == node))
    }

    /// Stored results of a check, newest first.
    ///
    /// # Errors
    /// No good answer.
    pub async fn results(&self, check: &str) -> anyhow::Result<Vec<Value>> {
        let page: Value = self.viewer.get(&format!("/v1/checks/{check}/results")).await?.document()?;
        Ok(page["items"].as_array().cloned().unwrap_or_default())
    }
}

/// Sum of all series of a counter at an agent; 0 when there is none yet.
///
/// # Errors
/// The agent does not answer.
pub async fn counter(agent: &Agent, name: &str) -> anyhow::Result<f64> {
    let text =
        Client::plain(&agent.metrics_url)?.get("").await.with_context(|| format!("metrics of {}", agent.node))?.text();
    Ok(sum(&text, name))
}

/// An agent by its node.
///
/// # Errors
/// There is none.
pub fn agent<'a>(state: &'a State, node: &str) -> anyhow::Result<&'a Agent> {
    state.agents.iter().find(|agent| agent.node == node).with_context(|| format!("no agent on {node}"))
}

/// Sum of all series of a counter in a text of metrics; a name may end in its labels.
#[must_use]
pub fn sum(text: &str, name: &str) -> f64 {
    let series = text.lines().filter_map(|line| line.strip_prefix(name));
    // Another name that begins alike goes on with a letter or an underscore.
    let own = series.filter(|rest| rest.starts_with(['{', ' ']));
    own.filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// The address in the log line that says what an agent listens on.
#[must_use]
pub fn listening(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("listening"))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("metrics=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_summed_over_its_labels_alone() {
        let text =
            "# HELP runs_total x\nruns_total{status=\"pass\"} 3\nruns_total{status=\"fail\"} 2\nruns_total_other 9\n";
        assert!((sum(text, "runs_total") - 5.0).abs() < f64::EPSILON);
    }
}
