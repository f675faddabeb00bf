//! Shell: what joins a running stand: a token of any tenant, an agent on a further node, and where its processes write.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::Stand;
use crate::{binary, child::Child, watch};

/// The cluster that `floorwalker up` names in certificates.
const CLUSTER: &str = "up";
/// A debug build on a busy machine says where it listens within a second.
const START_MAX: Duration = Duration::from_secs(60);

impl Stand {
    /// A token, made as an operator makes one on the aggregator's machine.
    ///
    /// # Errors
    /// The aggregator's program is not built, or refuses.
    pub fn token(&self, tenant: &str, role: &str) -> anyhow::Result<String> {
        let data = self.own("aggregator").to_string_lossy().into_owned();
        let words = ["token", "create", "--data-dir", &data, "--tenant", tenant, "--role", role, "--class", "feature"];
        aggregator(&words)
    }

    /// Starts an agent on a further node, with these variables in its environment and these flags; gives the address of
    /// its metrics, too.
    ///
    /// # Errors
    /// It is not built, or did not start; with the end of its log.
    pub async fn agent(
        &self,
        node: &str,
        environment: &[(&str, &str)],
        flags: &[&str],
    ) -> anyhow::Result<(Child, String)> {
        let ca = self.own("ca");
        let dir = ca.to_string_lossy();
        aggregator(&["ca", "issue", "agent", "--cluster", CLUSTER, "--node", node, "--dir", &dir])?;
        let mut command = Command::new(binary::find("floorwalker-agent")?);
        command.args(["--aggregator", &self.state.aggregator.url, "--node", node, "--grace", "5"]);
        command.args(["--metrics-listen", "127.0.0.1:0"]).arg("--data-dir").arg(self.own(node));
        command.arg("--ca").arg(ca.join("ca.pem"));
        for (flag, ending) in [("--cert", "pem"), ("--key", "key")] {
            command.arg(flag).arg(ca.join(format!("agent-{CLUSTER}-{node}.{ending}")));
        }
        command.args(flags).envs(environment.iter().copied());
        let mut agent = Child::spawn(node, command, self.folder())?;
        let metrics = agent.says(START_MAX, "where it listens", metrics).await?;
        Ok((agent, metrics))
    }

    /// Where the values of secrets lie: `<namespace>/<secret>/<key>`.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.own("secrets")
    }

    /// The address of the aggregator's own metrics.
    ///
    /// # Errors
    /// It has not said where it listens.
    pub fn aggregator_metrics(&self) -> anyhow::Result<String> {
        let text = fs::read_to_string(self.own("aggregator").join("addresses.json"))?;
        let addresses: Value = serde_json::from_str(&text)?;
        Ok(format!("http://{}/metrics", addresses["admin"].as_str().context("an address")?))
    }

    /// What its processes wrote so far, each with its name.
    ///
    /// # Errors
    /// A log cannot be read.
    pub fn logs(&self) -> anyhow::Result<Vec<(String, String)>> {
        let entries = fs::read_dir(self.own("logs"))?;
        entries
            .map(|entry| {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                Ok((name, String::from_utf8_lossy(&fs::read(entry.path())?).into_owned()))
            })
            .collect()
    }

    /// A folder that `up` made.
    fn own(&self, name: &str) -> PathBuf {
        self.folder().join("up").join(name)
    }
}

/// Runs a small command of the aggregator; what it printed.
fn aggregator(words: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(binary::find("floorwalker-aggregator")?).args(words).output()?;
    ensure!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where an agent shows its metrics, from its log.
fn metrics(log: &str) -> Option<String> {
    watch::listening(log).map(|address| format!("http://{address}/metrics"))
}
