//! What happens when parts break: an agent is killed and starts again, the aggregator is away and comes back, a
//! drain is cut short by a second signal.

use std::{process::Command, time::Duration};

use harness::{
    child::Child,
    http::Client,
    image::Image,
    machine,
    pipeline::Pipeline,
    real::registry,
    skip,
    stand::Stand,
    until::until,
    watch::{Eyes, agent, counter},
};
use jiff::Timestamp;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// A check runs every few seconds; this is long enough for several runs on a busy machine.
const SOON: Duration = Duration::from_secs(60);
const RUNS: &str = "floorwalker_runs_total";

/// A stand with the check everybody has, and a node on which it runs. `up` is stopped, so that it does not end
/// everything when one of its children is broken.
struct Scene {
    // Goes first: a stopped process does not hear that it is to end.
    _stopped: Stopped,
    stand: Stand,
    eyes: Eyes,
    check: String,
    node: String,
}

impl Scene {
    async fn set() -> Self {
        let stand = Stand::start().await.expect("a stand");
        let eyes = Eyes::of(&stand.client().expect("a client"), &stand.state.tenants[0]);
        let seen = until(SOON, "a first result of http-probe", async || {
            let checks = eyes.checks("http-probe").await?;
            let nodes = checks
                .iter()
                .flat_map(|check| check["nodes"].as_array().into_iter().flatten().map(move |node| (check, node)));
            let mut ran = nodes.filter(|(_, node)| node["observed_at"].is_string());
            Ok(ran.next().map(|(check, node)| (text(check, "id"), text(node, "node"))))
        });
        let (check, node) = seen.await.expect("results");
        Self { _stopped: Stopped::new(stand.up.pid()), stand, eyes, check, node }
    }

    /// Process id of the aggregator.
    fn aggregator(&self) -> u32 {
        let found = machine::children(self.stand.up.pid(), "floorwalker-aggregator").expect("readable");
        let [aggregator] = found[..] else { panic!("one aggregator, not {found:?}") };
        aggregator
    }

    /// A check whose every run fails, so that every run is a record; its id, once there is a first one of the node.
    async fn broken_check(&self) -> String {
        let (shop, namespace) = (&self.stand.state.shop.url, &self.stand.state.tenants[0].namespace);
        let manifest = format!(
            "apiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {{name: broken, namespace: {namespace}}}\nspec:\n\
             \x20 plugin: http-probe\n  config: {{url: \"{shop}/nothing-here\"}}\n  grants: {{http: [\"{shop}\"]}}\n\
             \x20 runInterval: 5s\n  timeout: 5s\n  placement: {{mode: EveryNode}}\n"
        );
        std::fs::write(self.stand.manifest("broken.yaml"), manifest).expect("written");
        let first = until(SOON, "a first failure", async || {
            let checks = self.eyes.checks("http-probe").await?;
            let Some(check) = checks.iter().find(|check| check["name"] == "broken") else { return Ok(None) };
            let results = self.eyes.results(&text(check, "id")).await?;
            let here = results.iter().any(|result| result["node"] == self.node.as_str());
            Ok(here.then(|| text(check, "id")))
        });
        first.await.expect("results")
    }

    /// Kills the agent of a node and gives the command that starts it again.
    async fn kill(&self, node: &str, flags: &[(&str, &str)]) -> Command {
        let victim = agent(&self.stand.state, node).expect("an agent");
        let command = machine::again(victim.pid, flags).expect("its command");
        machine::signal(victim.pid, Signal::SIGKILL).expect("killed");
        let gone = until(SOON, "the agent's end", async || Ok((!machine::runs(victim.pid)).then_some(())));
        gone.await.expect("gone");
        command
    }

    /// Waits until the check has run on the node after an instant.
    async fn runs_after(&self, instant: Timestamp) {
        let ran = until(SOON, "a later run", async || {
            let state = self.eyes.on_node(&self.check, &self.node).await?;
            let observed: Option<Timestamp> = state.and_then(|state| state["observed_at"].as_str()?.parse().ok());
            Ok(observed.filter(|observed| *observed > instant))
        });
        ran.await.expect("a run");
    }
}

/// A process that is stopped for as long as this lives.
struct Stopped(u32);

impl Stopped {
    fn new(pid: u32) -> Self {
        machine::signal(pid, Signal::SIGSTOP).expect("stopped");
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // One that has ended needs no waking.
        let _ = machine::signal(self.0, Signal::SIGCONT);
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_agent_had_written_down_still_arrives() {
    if let Some(why) = registry::unavailable() {
        return skip::because("what_a_killed_agent_had_written_down_still_arrives", &why);
    }
    let scene = Scene::set().await;
    let broken = scene.broken_check().await;
    // The aggregator is away, the check fails on, and then the agent is killed with all that in its spool.
    let away = Stopped::new(scene.aggregator());
    let away_at = Timestamp::now();
    let victim = agent(&scene.stand.state, &scene.node).expect("an agent");
    let before = counter(victim, RUNS).await.expect("metrics");
    // Two rounds of the four checks of a node: the broken one is among them.
    let ran = until(SOON, "eight more runs", async || Ok((counter(victim, RUNS).await? >= before + 8.0).then_some(())));
    ran.await.expect("runs");
    let command = scene.kill(&scene.node, &[]).await;
    let killed_at = Timestamp::now();
    let _again = Child::spawn("agent-again", command, scene.stand.folder()).expect("started again");
    drop(away);
    let arrived = until(SOON, "a result of the killed agent", async || {
        let results = scene.eyes.results(&broken).await?;
        let mut here = results.iter().filter(|result| result["node"] == scene.node.as_str());
        let observed = |result: &Value| result["observed_at"].as_str()?.parse::<Timestamp>().ok();
        Ok(here.find(|result| observed(result).is_some_and(|at| away_at < at && at < killed_at)).map(|_| ()))
    });
    arrived.await.expect("nothing that was written down is lost");
    scene.runs_after(killed_at).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_go_on_without_the_aggregator_and_report_later() {
    if let Some(why) = registry::unavailable() {
        return skip::because("agents_go_on_without_the_aggregator_and_report_later", &why);
    }
    let scene = Scene::set().await;
    // Stopped, not killed: connections stand and nothing answers, the worst way to be away.
    let away = Stopped::new(scene.aggregator());
    let away_at = Timestamp::now();
    let agent = agent(&scene.stand.state, &scene.node).expect("an agent");
    let before = counter(agent, RUNS).await.expect("metrics");
    let went_on =
        until(SOON, "three more runs", async || Ok((counter(agent, RUNS).await? >= before + 3.0).then_some(())));
    went_on.await.expect("agents run without the aggregator");
    drop(away);
    scene.runs_after(away_at).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_aggregator_keeps_what_it_acknowledged() {
    if let Some(why) = registry::unavailable() {
        return skip::because("a_killed_aggregator_keeps_what_it_acknowledged", &why);
    }
    let scene = Scene::set().await;
    let state = &scene.stand.state;
    let pipeline = Pipeline::of(&scene.stand.client().expect("a client"), &state.tenants[0]);
    let release = pipeline.create("1.0", &Image::of("1.0").digest()).await.expect("created");
    let before = scene.eyes.results(&scene.check).await.expect("results");
    let aggregator = scene.aggregator();
    let address = state.aggregator.url.trim_start_matches("https://");
    let command = machine::again(aggregator, &[("--listen", address)]).expect("its command");
    machine::signal(aggregator, Signal::SIGKILL).expect("killed");
    let gone = until(SOON, "the end", async || Ok((!machine::runs(aggregator)).then_some(())));
    gone.await.expect("gone");
    let killed_at = Timestamp::now();
    let _again = Child::spawn("aggregator-again", command, scene.stand.folder()).expect("started again");
    // The same release again is the same release: it is still known.
    let again = until(SOON, "an answer", async || Ok(pipeline.create("1.0", &release.digest).await.ok()));
    assert_eq!(again.await.expect("created").id, release.id);
    let after = scene.eyes.results(&scene.check).await.expect("results");
    assert!(before.iter().all(|result| after.contains(result)), "{before:#?}\n{after:#?}");
    scene.runs_after(killed_at).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_drain() {
    if let Some(why) = registry::unavailable() {
        return skip::because("a_second_signal_ends_a_drain", &why);
    }
    let scene = Scene::set().await;
    let state = &scene.stand.state;
    // Agents that would drain for a minute.
    let mut agents = Vec::new();
    for agent in &state.agents {
        let command = scene.kill(&agent.node, &[("--grace", "60")]).await;
        agents.push(Child::spawn(&format!("{}-again", agent.node), command, scene.stand.folder()).expect("started"));
    }
    let shop = Client::plain(&state.shop.url).expect("a client");
    // A journey that hangs in its confirmation keeps its agent draining.
    let fault = format!("/__stand-in/faults/{}", state.tenants[0].name);
    shop.put(&fault, &json!({"fault": "confirm-slow", "delay_ms": 60_000})).await.expect("set");
    let hangs = until(SOON, "a journey in its confirmation", async || {
        let orders = shop.get(&fault.replace("faults", "orders")).await?.json()?;
        Ok(orders.as_array().into_iter().flatten().any(|order| order["state"] == "sale").then_some(()))
    });
    hangs.await.expect("a hanging journey");
    for agent in &agents {
        // Two signals at once may be seen as one, so it is asked until it is gone: far under a minute's drain.
        let gone = until(Duration::from_secs(15), "the end", async || {
            agent.signal(Signal::SIGTERM)?;
            Ok((!machine::runs(agent.pid())).then_some(()))
        });
        gone.await.expect("a second signal aborts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn up_leaves_nothing_behind() {
    if let Some(why) = registry::unavailable() {
        return skip::because("up_leaves_nothing_behind", &why);
    }
    let mut stand = Stand::start().await.expect("a stand");
    let aggregator = machine::children(stand.up.pid(), "floorwalker-aggregator").expect("readable");
    let agents = machine::children(stand.up.pid(), "floorwalker-agent").expect("readable");
    assert_eq!((aggregator.len(), agents.len()), (1, 2));
    stand.up.signal(Signal::SIGINT).expect("asked to end");
    let status = stand.up.wait(Duration::from_secs(30)).expect("ended");
    assert!(status.success(), "{status}");
    for pid in aggregator.into_iter().chain(agents) {
        assert!(!machine::runs(pid), "{pid} is left");
    }
}
