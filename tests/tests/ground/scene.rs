//! An aggregator and an agent with a few checks that always fail, so that every run is a record.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use harness::child::Child;
use harness::http::Client;
use harness::site::Site;
use harness::state::Agent;
use harness::until::until;
use harness::watch::{counter, listening, sum};
use jiff::Timestamp;
use serde_json::Value;

/// A check runs every 5 s, and a reporter waits 30 s at most between two tries.
pub(crate) const SOON: Duration = Duration::from_secs(120);
/// Checks of the node.
pub(crate) const FEW: u64 = 3;
pub(crate) const NODE: &str = "node-1";
const TAKEN: &str = "floorwalker_ingest_records_total{outcome=\"accepted\"}";

/// Everything that runs, on a ground of its own where the test has one, such as a disk that is mounted in the folder.
pub(crate) struct Scene<G = ()> {
    // Processes end before what they stand on, and that before the folder it is in.
    pub(crate) agent: Option<Child>,
    pub(crate) aggregator: Child,
    pub(crate) ground: G,
    pub(crate) site: Site,
    pub(crate) folder: tempfile::TempDir,
}

// === impl Scene ===

impl Scene {
    /// The aggregator alone, with its data below the folder `aggregator`.
    pub(crate) async fn of_aggregator(checks: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::on(folder, (), checks, |command| command).await
    }

    /// With an agent that has reported.
    pub(crate) async fn set() -> Self {
        let mut scene = Self::of_aggregator(FEW).await;
        scene.start_agent(|command| command);
        scene.reports_after(Timestamp::UNIX_EPOCH).await;
        scene
    }
}

impl<G> Scene<G> {
    /// The aggregator alone in a folder that was prepared, its command changed.
    pub(crate) async fn on(
        folder: tempfile::TempDir,
        ground: G,
        checks: u64,
        with: impl Fn(Command) -> Command,
    ) -> Self {
        let site = Site::lay(folder.path()).expect("a site");
        site.add_checks(checks).expect("written");
        site.admit(NODE).expect("a certificate");
        let command = with(site.aggregator(&folder.path().join("aggregator/data")).expect("built"));
        let mut aggregator = Child::spawn("aggregator", command, folder.path()).expect("started");
        site.listening(&mut aggregator).await.expect("listening");
        site.in_force(&mut aggregator).await.expect("a catalogue");
        Self { agent: None, aggregator, ground, site, folder }
    }

    /// Starts the agent, its command changed.
    pub(crate) fn start_agent(&mut self, with: impl Fn(Command) -> Command) {
        let command = with(self.site.agent(NODE, &self.agent_data()).expect("built"));
        self.agent = Some(Child::spawn("agent", command, self.folder.path()).expect("started"));
    }

    pub(crate) fn agent(&mut self) -> &mut Child {
        self.agent.as_mut().expect("it was started")
    }

    pub(crate) fn agent_data(&self) -> PathBuf {
        self.folder.path().join("agent/data")
    }

    pub(crate) fn aggregator_data(&self) -> PathBuf {
        self.folder.path().join("aggregator/data")
    }

    /// The agent as its metrics show it.
    pub(crate) async fn watched(&mut self) -> Agent {
        let address = self.agent().says(SOON, "where it is watched", listening).await.expect("listening");
        Agent { node: NODE.to_owned(), metrics_url: format!("http://{address}/metrics"), pid: self.agent().pid() }
    }

    /// Waits until a counter of the agent has risen by so much.
    pub(crate) async fn rises(&mut self, name: &str, by: f64) {
        let agent = self.watched().await;
        let before = counter(&agent, name).await.expect("metrics");
        let risen =
            until(
                SOON,
                name,
                async || Ok((counter(&agent, name).await.unwrap_or(before) >= before + by).then_some(())),
            );
        risen.await.unwrap_or_else(|error| panic!("{error:#}\n{}", self.agent().output()));
    }

    /// Waits until each check has run again, whatever else does not.
    pub(crate) async fn runs_on(&mut self) {
        self.rises("floorwalker_runs_total", FEW as f64).await;
    }

    /// Waits until the aggregator has a run of later than an instant.
    pub(crate) async fn reports_after(&mut self, instant: Timestamp) {
        let token = self.site.token(&self.aggregator_data(), "acme", "viewer").expect("a token");
        let viewer = self.client().with_token(&token);
        let reported = until(SOON, "a report", async || {
            let Ok(answer) = viewer.get("/v1/checks").await else { return Ok(None) };
            let Ok(page) = answer.document::<Value>() else { return Ok(None) };
            let checks = page["items"].as_array().cloned().unwrap_or_default();
            let nodes = checks.iter().flat_map(|check| check["nodes"].as_array().cloned().unwrap_or_default());
            let mut observed = nodes.filter_map(|node| node["observed_at"].as_str()?.parse::<Timestamp>().ok());
            Ok(observed.any(|at| at > instant).then_some(()))
        });
        let (agent, aggregator) = (self.agent.as_ref().map(Child::output), self.aggregator.output());
        reported.await.unwrap_or_else(|error| panic!("{error:#}\n{agent:?}\n{aggregator}"));
    }

    /// Waits until the aggregator has taken some more records.
    pub(crate) async fn takes(&self) {
        let admin = Client::plain(&format!("http://{}", self.site.admin().expect("bound"))).expect("a client");
        let taken = async || anyhow::Ok(sum(&admin.get("/metrics").await?.text(), TAKEN));
        let before = taken().await.expect("metrics");
        let more = until(SOON, "more records", async || Ok((taken().await? >= before + 3.0).then_some(())));
        more.await.unwrap_or_else(|error| panic!("{error:#}\n{}", self.aggregator.output()));
    }

    /// A client that trusts this site, without a token.
    pub(crate) fn client(&self) -> Client {
        let ca = std::fs::read_to_string(self.site.certificate("ca.pem")).expect("a certificate");
        Client::new(&format!("https://{}", self.site.address()), &ca).expect("a client")
    }
}

/// Waits until a process has said all of these in one line.
pub(crate) async fn says(child: &mut Child, words: &[&str]) {
    let said = |log: &str| log.lines().any(|line| words.iter().all(|word| line.contains(word))).then_some(());
    child.says(SOON, &format!("{words:?}"), said).await.unwrap_or_else(|error| panic!("{error:#}\n{}", child.output()));
}
