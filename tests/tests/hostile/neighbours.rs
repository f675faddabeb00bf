//! One agent, two tenants: the guests of the one run in turn, as many at a time as it may, and the checks of the other keep
//! their schedule, as the target they probe sees it. After each turn: the memory the agent had at most, and what it says of
//! the guest.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

use floorwalker_guests::{HOSTILE, RAW};
use harness::{binary, skip, until::until};
use serde_json::{Value, json};

use crate::{
    ALONE,
    agent::{Agent, Line, Setting, component, folder, label},
    memory::OWN_BYTES_MAX,
    rows::{Row, Says, rows},
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
const PACE: Pace = Pace { interval: "30s", timeout: "30s", checks: 64 };
/// Of one that waits until its time is over: all places of its tenant, all the time.
const PACE_OF_WAITING: Pace = Pace { interval: "5s", timeout: "4s", checks: 16 };
const PACE_OF_NEIGHBOURS: Pace = Pace { interval: "5s", timeout: "5s", checks: NEIGHBOURS };
/// Turns a guest gets. A busy machine delays whom it will; a guest that delays its neighbour does so in each.
const TURNS: usize = 4;

struct Pace {
    interval: &'static str,
    timeout: &'static str,
    checks: usize,
}

#[tokio::test]
async fn neighbours_keep_their_schedule_while_each_guest_runs() {
    let _alone = ALONE.lock().await;
    let stage = Stage::begin().await;
    let neighbours_state = stage.neighbours_state();
    let mut rows = rows(&stage.targets, &neighbours_state);
    let listed: Vec<&str> = rows.iter().map(|row| row.guest).collect();
    assert_eq!(listed, [&HOSTILE[..], &RAW[..]].concat(), "each guest has its turn");
    if stage.hosts.is_none() {
        let why = "it takes a mount namespace to turn a name of the system's resolver: run it as root";
        skip::because("dns_rebinding in a real agent", why);
        rows.retain(|row| row.guest != "dns_rebinding");
    }
    for row in &rows {
        println!("{}", stage.turn(row).await);
    }
    assert_eq!(stage.targets.knocked(), 0, "nobody reached the victim");
    let said = stage.agent.said();
    let strangers =
        said.iter().filter(|line| line.text("message") == "ran" && !line.text("check").starts_with("keeper"));
    assert!(
        strangers.into_iter().all(|line| !line.text("summary").contains("the canary")),
        "the neighbour's state is its own"
    );
}

struct Stage {
    agent: Agent,
    targets: Targets,
    /// The agent's own hosts file, where it can have one.
    hosts: Option<fs::File>,
}

impl Stage {
    async fn begin() -> Self {
        let (targets, folder) = (Targets::start().await.expect("targets"), folder());
        let hosts = folder.path().join("hosts");
        fs::write(&hosts, "127.0.0.1 localhost\n127.0.0.1 rebind.example\n").expect("written");
        let own_hosts = may_mount(&hosts).then_some(hosts);
        let open = own_hosts.as_ref().map(|path| fs::OpenOptions::new().write(true).open(path).expect("just written"));
        let setting = Setting { hosts: own_hosts, ..Setting::default() };
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
        until(crate::agent::PATIENCE, "the neighbour's checks", async || {
            let arrivals = self.targets.arrivals("/neighbour/", began);
            Ok((arrivals.len() == NEIGHBOURS).then_some(()))
        })
        .await
        .expect("they run");
        let keeps = |line: &Line| line.text("check") == "keeper" && line.text("summary") == "found the canary";
        agent.says(0, "the canary to be kept", keeps).await.expect("it is kept");
    }

    /// The path of the keeper's state, as somebody who knows the agent would guess it.
    fn neighbours_state(&self) -> String {
        let folder = self.agent.data().join("state").join("neighbour");
        let entry = fs::read_dir(&folder).expect("a folder").next().expect("the keeper's").expect("listed");
        entry.path().to_str().expect("UTF-8").to_owned()
    }

    /// One guest: its words, the memory, and the neighbour's schedule meanwhile. Gives what was measured.
    async fn turn(&self, row: &Row) -> String {
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
            if row.says == Says::Result("skipped", "prerequisite-missing") {
                check = check.replace("mode: EveryNode", "mode: Once").replace("mutating: false", "mutating: true");
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
        let heard = until(crate::agent::PATIENCE, "the agent to name what was broken", async || {
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
        until(crate::agent::PATIENCE, "two intervals of each of the neighbour's checks", async || {
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

fn check(tenant: &str, name: &str, plugin: &str, config: &Value, grants: &str, pace: &Pace) -> String {
    let Pace { interval, timeout, checks: _ } = pace;
    format!(
        "---\napiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {{name: {name}, namespace: {tenant}-prod}}\nspec:\n  \
         plugin: {plugin}\n  config: {config}\n  grants: {{{grants}}}\n  runInterval: {interval}\n  timeout: {timeout}\n  \
         placement: {{mode: EveryNode}}\n  mutating: false\n"
    )
}

/// Whether this process may give another one a hosts file of its own.
fn may_mount(hosts: &Path) -> bool {
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", r#"mount --bind "$0" /etc/hosts"#]).arg(hosts);
    command.output().is_ok_and(|output| output.status.success())
}

/// What a journey leaves is told by the command line, which runs one without a lease by the path of a node.
#[tokio::test]
async fn trap_in_clean_up_is_told_with_what_it_leaves() {
    let _alone = ALONE.lock().await;
    let folder = folder();
    let wasm = binary::component("examples/trap_in_clean_up").expect("built");
    let file = folder.path().join("check.yaml");
    let mut text = check("hostile", "left", "left", &json!({}), "", &PACE);
    text = text.replace("mode: EveryNode", "mode: Once").replace("mutating: false", "mutating: true");
    fs::write(&file, text).expect("written");
    let (file, wasm) = (file.to_str().expect("UTF-8"), wasm.to_str().expect("UTF-8").to_owned());
    let ran = harness::cli::Cli::bare().run(&["check", "run", "-f", file, "--component", &wasm]).expect("it runs");
    for words in [
        "WARN  trap  made",
        "clean-up",
        "objects are left at the target: the plugin panicked",
        "no hand to remove them",
    ] {
        assert!(ran.stdout.contains(words), "`{words}` in {}{}", ran.stdout, ran.stderr);
    }
}
