//! A hundred rounds of kills with a seed, once with the kernel left alone and once with the power cut as well.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use harness::disk::{self, Cut};
use harness::site::{CHECKS, Site};
use harness::skip;
use harness::until::until;
use nix::sys::signal::Signal;

use crate::books::{Books, Mark, Promised};
use crate::history::History;
use crate::law::{self, Pipeline};
use crate::party::{Ground, Party};

const ROUNDS: u32 = 100;
/// Between two kills: from less than a start takes to long enough for a few hundred frames.
const PAUSE_MS: std::ops::Range<u64> = 20..700;
/// Records a second of the teller; every one is synced before it counts.
const RATE: u64 = 800;
/// For what is left to be told: seconds of work, and the reporter's longest wait is 30 s.
const SETTLE_MAX: Duration = Duration::from_secs(120);
/// Give a seed to repeat a run; a kill's place in time is the machine's all the same.
const SEED: &str = "FLOORWALKER_SEED";

/// Who is killed in a round.
const AGGREGATOR: u8 = 1;
const AGENT: u8 = 2;
const TELLER: u8 = 4;

struct Scene {
    site: Site,
    aggregator: Party,
    agent: Party,
    teller: Party,
    told: Promised,
    /// How far each node's epochs were taken whenever the aggregator was gone.
    marks: BTreeSet<Mark>,
    of_agent: History,
    of_teller: History,
}

// === impl Scene ===

impl Scene {
    async fn set(folder: &Path, ground: Ground) -> Self {
        let site = Site::lay(folder).expect("a site");
        site.add_checks(CHECKS).expect("written");
        for node in ["agent", "teller"] {
            site.admit(node).expect("a certificate");
        }
        let party = |name| Party::on(ground, name, folder);
        let (aggregator, agent, teller) = (party("aggregator"), party("agent"), party("teller"));
        let (told, of_agent, of_teller) = (Promised::default(), History::default(), History::default());
        let mut scene = Self { site, aggregator, agent, teller, told, marks: BTreeSet::new(), of_agent, of_teller };
        scene.start(AGGREGATOR);
        scene.site.listening(scene.aggregator.child()).await.expect("listening");
        scene.site.in_force(scene.aggregator.child()).await.expect("a catalogue");
        scene.start(AGENT | TELLER);
        // Killed before its first record, a teller would wait for its assignments for ever under the kills that follow.
        let tells = |said: &str| said.contains("durable").then_some(());
        scene.teller.child().says(SETTLE_MAX, "that it tells", tells).await.expect("telling");
        scene
    }

    fn start(&mut self, who: u8) {
        if who & AGGREGATOR != 0 {
            self.aggregator.start(self.site.aggregator(&self.aggregator.data).expect("built"));
        }
        if who & AGENT != 0 {
            self.agent.start(self.site.agent("agent", &self.agent.data).expect("built"));
        }
        if who & TELLER != 0 {
            let command = self.site.teller("teller", &self.teller.data.join("spool"), (self.told.given, RATE));
            self.teller.start(command.expect("built"));
        }
    }

    fn kill(&mut self, who: u8, cut: &mut impl FnMut() -> Cut) {
        if who & AGGREGATOR != 0 {
            self.aggregator.kill(cut());
            self.marks.extend(Books::copy(&self.aggregator.data).every_mark());
        }
        if who & AGENT != 0 {
            self.agent.kill(cut());
            self.of_agent.look(&self.agent.data.join("spool"));
        }
        if who & TELLER != 0 {
            let said = self.teller.kill(cut());
            self.told.note(&said);
            self.of_teller.look(&self.teller.data.join("spool"));
        }
    }

    /// Lets everything that is durable arrive, ends all, and compares.
    async fn settle(mut self, pipeline: Pipeline) {
        let acknowledged = pipeline.end().await;
        let said = self.teller.end(Signal::SIGTERM);
        self.told.note(&said);
        self.teller.start(self.quiet_teller());
        let (agent, teller) = (self.agent.data.join("spool"), self.teller.data.join("spool"));
        let books = Books::open(&self.aggregator.data);
        let arrived = until(SETTLE_MAX, "all records at the aggregator", async || {
            self.of_teller.look(&teller);
            Ok(books.is_at(&self.of_teller, "teller").then_some(()))
        });
        arrived.await.expect("everything is told in the end");
        // The agent's checks go on, so its last record comes with its end, or from its next life.
        let last = until(SETTLE_MAX, "the agent's last record at the aggregator", async || {
            self.agent.end(Signal::SIGTERM);
            self.of_agent.look(&agent);
            if books.is_at(&self.of_agent, "agent") {
                return Ok(Some(()));
            }
            self.agent.start(self.site.agent("agent", &self.agent.data)?);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(None)
        });
        last.await.expect("everything is told in the end");
        self.teller.end(Signal::SIGTERM);
        self.aggregator.end(Signal::SIGTERM);
        law::holds(&self.aggregator.data, &acknowledged);
        books.hold("teller", &self.told);
        self.marks.extend(books.every_mark());
        for (node, history) in [("teller", &self.of_teller), ("agent", &self.of_agent)] {
            let compared = history.agree(node, &self.marks);
            assert!(compared > 0, "no chain of {node} was compared");
            let runs = books.runs(node);
            let lost: Vec<_> = history.runs.iter().filter(|run| !runs.contains_key(*run)).collect();
            let twice: Vec<_> = runs.iter().filter(|(_, times)| **times > 1).collect();
            assert!(lost.is_empty() && twice.is_empty(), "{node} lost {lost:?}, counted twice {twice:?}");
            say(&format!("{node}: {} runs stored, {compared} chains compared", runs.len()));
        }
        say(&format!(
            "of {} records given {} were durable, and each is there once",
            self.told.given,
            self.told.durable.len()
        ));
        say(&format!("{} releases were acknowledged, and each is there with its entry", acknowledged.len()));
        assert!(acknowledged.len() > 200, "{} releases", acknowledged.len());
        // Under a load that made hardly anything durable nothing would be shown.
        assert!(self.told.durable.len() > 10_000, "{} records", self.told.durable.len());
    }

    fn quiet_teller(&self) -> Command {
        self.site.teller("teller", &self.teller.data.join("spool"), (self.told.given, 0)).expect("built")
    }
}

async fn hundred_rounds(ground: Ground) {
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    say(&format!("{SEED}={seed} repeats these kills"));
    let mut dice = Rng::with_seed(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::set(folder.path(), ground).await;
    let pipeline = Pipeline::start(&scene.site, &scene.aggregator.data);
    for _ in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(dice.u64(PAUSE_MS))).await;
        let who = dice.u8(1..=AGGREGATOR | AGENT | TELLER);
        let mut torn = dice.fork();
        scene.kill(who, &mut || if torn.bool() { Cut::Clean } else { Cut::Torn(torn.fork()) });
        scene.start(who);
    }
    scene.settle(pipeline).await;
}

/// A line that is seen also when the test is green.
fn say(line: &str) {
    // Nothing can be done about a closed stderr.
    let _ = writeln!(io::stderr(), "crash: {line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_nothing_and_count_nothing_twice() {
    hundred_rounds(Ground::Folder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_power_cuts_lose_nothing_and_count_nothing_twice() {
    if let Some(why) = disk::unavailable() {
        return skip::because("a_hundred_power_cuts_lose_nothing_and_count_nothing_twice", &why);
    }
    hundred_rounds(Ground::Disk).await;
}
