//! One agent, a neighbour with checks that keep their schedule, and guests that are let in beside it for a turn each: what
//! the agent says of them, the memory it had at most, and how late the neighbour was meanwhile. Used by `neighbours`.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use harness::{binary, until::until};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    agent::{Agent, Line, PATIENCE, Setting, Source, component, folder, label},
    memory::OWN_BYTES_MAX,
    rows::{Row, Says},
    targets::Targets,
};

/// The least there is.
const INTERVAL: Duration = Duration::from_secs(5);
/// 5 % of it: the longest that an interval of the neighbour may differ.
const WITHIN: Duration = Duration::from_millis(250);
/// Checks of the neighbour; each has a phase of its own.
const NEIGHBOURS: usize = 4;
/// How a guest's checks run: every so often, for so long at most, so many of them. Two a second, each with more time than
/// its CPU budget takes on a busy machine.
pub(crate) const PACE: Pace = Pace { interval: "30s", timeout: "30s", checks: 64 };
/// Of one that waits until its time is over: all places of its tenant, all the time.
const PACE_OF_WAITING: Pace = Pace { interval: "5s", timeout: "4s", checks: 16 };
const PACE_OF_NEIGHBOURS: Pace = Pace { interval: "5s", timeout: "5s", checks: NEIGHBOURS };
/// Turns a guest gets. A busy machine delays whom it will; a guest that delays its neighbour does so in each.
const TURNS: usize = 4;

pub(crate) struct Pace {
    interval: &'static str,
    timeout: &'static str,
    checks: usize,
}

pub(crate) struct Stage {
    pub(crate) agent: Agent,
    pub(crate) targets: Targets,
    /// The agent's own hosts file, where it can have one.
    pub(crate) hosts: Option<fs::File>,
}

impl Stage {
    /// An agent on its own, with a hosts file that can be turned.
    pub(crate) async fn begin() -> Self {
        let folder = folder();
        let hosts = folder.path().join("hosts");
        fs::write(&hosts, "127.0.0.1 localhost\n127.0.0.1 rebind.example\n").expect("written");
        let hosts = may_mount(&hosts).then_some(hosts);
        Self::set(folder, Setting { hosts, ..Setting::default() }).await
    }

    /// An agent of an aggregator, which leases it its mutating checks.
    pub(crate) async fn begin_leased() -> Self {
        Self::set(folder(), Setting { source: Source::Aggregator, ..Setting::default() }).await
    }

    async fn set(folder: TempDir, setting: Setting) -> Self {
        let targets = Targets::start().await.expect("targets");
        let open = |path: &PathBuf| fs::OpenOptions::new().write(true).open(path).expect("just written");
        let open = setting.hosts.as_ref().map(open);
        let agent = Agent::start(folder, &setting).await.expect("an agent");
        let stage = Self { agent, targets, hosts: open };
        stage.settle().await;
        stage
    }

    /// The neighbour's checks, until each has run.
    async fn settle(&self) {
        let (agent, address) = (&self.agent, self.targets.address);
        let probe = fs::read(binary::component("http-probe").expect("built")).expect("a component");
        let mut text = tenant("neighbour", &format!("http: [\"http://{address}\"], addresses: [127.0.0.1/32]"));
        text += &agent.plugin("http_probe", Some("neighbour-prod"), &probe).expect("written");
        text += &agent
            .plugin("other_tenants_state", Some("neighbour-prod"), &component("other_tenants_state"))
            .expect("written");
        text += &check(
            "neighbour",
            "keeper",
            "other-tenants-state",
            &json!({"keep": "the canary"}),
            "",
            &PACE_OF_NEIGHBOURS,
        );
        let grants = format!("http: [\"http://{address}\"]");
        for n in 0..NEIGHBOURS {
            let config = json!({"url": self.targets.url(&format!("/neighbour/{n}"))});
            text += &check("neighbour", &format!("probe-{n}"), "http-probe", &config, &grants, &PACE_OF_NEIGHBOURS);
        }
        agent.write("neighbour.yaml", &text).expect("written");
        let began = Instant::now();
        until(PATIENCE, "the neighbour's checks", async || {
            let arrivals = self.targets.arrivals("/neighbour/", began);
            Ok((arrivals.len() == NEIGHBOURS).then_some(()))
        })
        .await
        .expect("they run");
        let keeps = |line: &Line| line.text("check") == "keeper" && line.text("summary") == "found the canary";
        agent.says(0, "the canary to be kept", keeps).await.expect("it is kept");
    }

    /// The path of the keeper's state, as somebody who knows the agent would guess it.
    pub(crate) fn neighbours_state(&self) -> String {
        let folder = self.agent.data().join("state").join("neighbour");
        let entry = fs::read_dir(&folder).expect("a folder").next().expect("the keeper's").expect("listed");
        entry.path().to_str().expect("UTF-8").to_owned()
    }

    /// One guest: its words, the memory, and the neighbour's schedule meanwhile. Gives what was measured.
    pub(crate) async fn turn(&self, row: &Row) -> String {
        let mut late = Vec::new();
        for _ in 0..TURNS {
            let (from, began) = (self.agent.said().len(), Instant::now());
            self.let_in(row);
            self.heard(row, from).await;
            self.settled_intervals(began).await;
            let differ = self.worst(began);
            self.agent.remove("hostile.yaml").expect("removed");
            let (peak, limit) = (self.agent.memory_peak_bytes().expect("the agent lives"), OWN_BYTES_MAX);
            assert!(peak < limit, "{}: {} MiB of {}", row.guest, peak >> 20, limit >> 20);
            if differ <= WITHIN {
                let mib = peak >> 20;
                return format!("{}: {differ:?} from the interval at worst, {mib} MiB at most so far", row.guest);
            }
            // The machine alone, over as long: whether it was the guest can only be told where this is quiet.
            let alone = Instant::now();
            self.settled_intervals(alone).await;
            late.push((differ, self.worst(alone)));
        }
        panic!("{}: its neighbour's checks were late in each turn, by (with it, without it): {late:?}", row.guest);
    }

    fn let_in(&self, row: &Row) {
        let own = format!("http://{}", self.targets.address);
        let rebinding = format!("http://rebind.example:{}", self.targets.address.port());
        let mut text = tenant("hostile", &format!("http: [\"{own}\", \"{rebinding}\"], addresses: [127.0.0.1/32]"));
        text += &self.agent.plugin(row.guest, Some("hostile-prod"), &component(row.guest)).expect("written");
        let asks_http = row.config.get("url").is_some();
        let grants = if asks_http { format!("http: [\"{own}\", \"{rebinding}\"]") } else { String::new() };
        let pace = if row.guest == "slow_drip" { PACE_OF_WAITING } else { PACE };
        for n in 0..pace.checks {
            let mut check =
                check("hostile", &format!("{}-{n}", label(row.guest)), &label(row.guest), &row.config, &grants, &pace);
            if row.is_journey() {
                check = mutating(&check);
            }
            text += &check;
        }
        self.agent.write("hostile.yaml", &text).expect("written");
    }

    /// Waits until the agent says what the row wants of it, and turns the name meanwhile.
    async fn heard(&self, row: &Row, from: usize) {
        let has_words = |text: &str| row.words.iter().all(|word| text.contains(word));
        let is = |line: &Line| match row.says {
            Says::Refusal => line.text("file") == "hostile.yaml" && has_words(line.text("why")),
            Says::Result(status, reason) => {
                let is_of = line.text("check").starts_with(&label(row.guest)) && line.text("message") == "ran";
                is_of
                    && (line.text("status"), line.text("reason")) == (status, reason)
                    && has_words(line.text("summary"))
            }
        };
        let mut to = 1;
        let heard = until(PATIENCE, "the agent to name what was broken", async || {
            if let Some(hosts) = &self.hosts {
                to = 3 - to;
                hosts.write_all_at(format!("127.0.0.{to} rebind").as_bytes(), "127.0.0.1 localhost\n".len() as u64)?;
            }
            Ok(self.agent.said().into_iter().skip(from).find(|line| is(line)))
        });
        if let Err(error) = heard.await {
            let of_row =
                |line: &Line| line.text("check").starts_with(&label(row.guest)) || line.text("file") == "hostile.yaml";
            let said: Vec<Line> =
                self.agent.said().into_iter().skip(from).filter(|line| of_row(line)).take(3).collect();
            panic!("{}: {error:#}; it said {said:?}", row.guest);
        }
    }

    /// Two intervals of each of the neighbour's checks that began since an instant.
    async fn settled_intervals(&self, since: Instant) {
        until(PATIENCE, "two intervals of each of the neighbour's checks", async || {
            let arrivals = self.targets.arrivals("/neighbour/", since);
            Ok(arrivals.values().all(|at| at.len() >= 3).then_some(()))
        })
        .await
        .expect("they run on");
    }

    /// The largest difference of an interval from the one that is planned.
    fn worst(&self, since: Instant) -> Duration {
        let arrivals = self.targets.arrivals("/neighbour/", since);
        let intervals = arrivals.values().flat_map(|at| at.windows(2).map(|pair| pair[1] - pair[0]));
        intervals.map(|interval| interval.abs_diff(INTERVAL)).max().expect("two of each")
    }
}

fn tenant(name: &str, ceiling: &str) -> String {
    format!(
        "---\napiVersion: floorwalker.dev/v1alpha1\nkind: Tenant\nmetadata: {{name: {name}}}\nspec:\n  timeZone: UTC\n  \
         environments: [{{name: prod, namespaces: [{name}-prod]}}]\n  services: []\n  ceiling: {{{ceiling}}}\n"
    )
}

pub(crate) fn check(tenant: &str, name: &str, plugin: &str, config: &Value, grants: &str, pace: &Pace) -> String {
    let Pace { interval, timeout, checks: _ } = pace;
    format!(
        "---\napiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {{name: {name}, namespace: {tenant}-prod}}\nspec:\n  \
         plugin: {plugin}\n  config: {config}\n  grants: {{{grants}}}\n  runInterval: {interval}\n  timeout: {timeout}\n  \
         placement: {{mode: EveryNode}}\n  mutating: false\n"
    )
}

/// The same check as a journey's: it changes things, on one node at a time.
pub(crate) fn mutating(check: &str) -> String {
    check.replace("mode: EveryNode", "mode: Once").replace("mutating: false", "mutating: true")
}

/// Whether this process may give another one a hosts file of its own.
fn may_mount(hosts: &Path) -> bool {
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", r#"mount --bind "$0" /etc/hosts"#]).arg(hosts);
    command.output().is_ok_and(|output| output.status.success())
}
