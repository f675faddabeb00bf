//! The aggregator away for as long as a test lasts, and a disk that was damaged meanwhile: what is told in the end, in
//! which order, and that whatever is not told was counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use agent::spool::segment::scan;
use harness::http::Client;
use harness::site::{CHECKS, Site};
use harness::teller::{Kind, kind};
use harness::until::until;
use harness::watch::sum;
use nix::sys::signal::Signal;

use crate::books::{Books, Promised};
use crate::history::History;
use crate::party::{Ground, Party};

const SOON: Duration = Duration::from_secs(120);
/// Records a second.
const RATE: u64 = 1_500;
/// Three segments: a day's bound in a few seconds.
const BOUND: &str = "1572864";
/// Roll-ups that have to go before the test has seen enough; far fewer than there are in three segments.
const ENOUGH: u64 = 200;

struct Scene {
    site: Site,
    aggregator: Party,
    teller: Party,
    told: Promised,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// A teller that has told some, and an aggregator that is gone.
    async fn away() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let site = Site::lay(folder.path()).expect("a site");
        site.add_checks(CHECKS).expect("written");
        site.admit("teller").expect("a certificate");
        let party = |name| Party::on(Ground::Folder, name, folder.path());
        let (aggregator, teller) = (party("aggregator"), party("teller"));
        let mut scene = Self { site, aggregator, teller, told: Promised::default(), _folder: folder };
        scene.aggregator.start(scene.site.aggregator(&scene.aggregator.data).expect("built"));
        scene.site.listening(scene.aggregator.child()).await.expect("listening");
        scene.site.in_force(scene.aggregator.child()).await.expect("a catalogue");
        scene.start(RATE);
        let some = |said: &str| (said.matches("durable").count() >= 5).then_some(());
        scene.teller.child().says(SOON, "that it tells", some).await.expect("telling");
        // With its last answers given, both sides know the same: what is counted as dropped can be held against it.
        scene.aggregator.end(Signal::SIGTERM);
        scene
    }

    fn start(&mut self, rate: u64) {
        let mut command = self.site.teller("teller", &self.spool(), (self.told.given, rate)).expect("built");
        command.args(["--spool-bytes-max", BOUND]);
        self.teller.start(command);
    }

    fn spool(&self) -> PathBuf {
        self.teller.data.join("spool")
    }

    fn end(&mut self, signal: Signal) -> String {
        let said = self.teller.end(signal);
        self.told.note(&said);
        said
    }

    /// The aggregator comes back and hears all there is; what it holds then, and how much it was told is missing.
    async fn back(&mut self) -> (Books, u64) {
        self.aggregator.start(self.site.aggregator(&self.aggregator.data).expect("built"));
        self.site.in_force(self.aggregator.child()).await.expect("a catalogue");
        self.start(0);
        let (books, spool) = (Books::open(&self.aggregator.data), self.spool());
        let arrived = until(SOON, "all records at the aggregator", async || {
            let mut history = History::default();
            history.look(&spool);
            Ok(books.is_at(&history, "teller").then_some(()))
        });
        arrived.await.unwrap_or_else(|error| panic!("{error:#}\n{}", self.teller.child().output()));
        let admin = Client::plain(&format!("http://{}", self.site.admin().expect("bound"))).expect("a client");
        let metrics = admin.get("/metrics").await.expect("metrics").text();
        (books, sum(&metrics, "floorwalker_ingest_records_total{outcome=\"dropped\"}") as u64)
    }
}

/// Records by kind that a teller says were dropped, last.
fn dropped(said: &str) -> (u64, u64) {
    let line = said.lines().rfind(|line| line.starts_with("dropped "));
    let numbers = line.map(|line| line.split(' ').filter_map(|word| word.parse().ok()).collect::<Vec<u64>>());
    numbers.map_or((0, 0), |numbers| (numbers[0], numbers[1]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_over_its_bound_drops_counts_first_says_how_many_and_delivers_the_rest_in_order() {
    let mut scene = Scene::away().await;
    let enough = |said: &str| (dropped(said).0 > ENOUGH).then_some(());
    scene.teller.child().says(SOON, "that it drops counts", enough).await.expect("over its bound");
    let said = scene.end(Signal::SIGTERM);
    let (roll_ups, any) = dropped(&said);
    assert!(roll_ups > 0 && any == 0, "roll-ups go before anything else: {roll_ups}, {any}");
    let (books, counted) = scene.back().await;
    let (missing, twice) = books.missing_and_twice("teller", &scene.told);
    let of_results: Vec<_> = missing.iter().filter(|number| kind(**number) == Kind::Result).collect();
    assert!(of_results.is_empty() && twice.is_empty(), "{of_results:?} {twice:?}");
    assert_eq!(missing.len() as u64, roll_ups, "every roll-up that is missing was counted by the agent");
    assert_eq!(counted, roll_ups, "and declared to the aggregator");
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for (epoch, seq) in books.order("teller") {
        let before = last.insert(epoch, seq).unwrap_or(0);
        assert!(before < seq, "{seq} was stored after {before}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_and_a_flipped_byte_cost_what_they_hit_and_nothing_else() {
    let mut scene = Scene::away().await;
    let two = until(SOON, "two segments", async || Ok((segments(&scene.spool()).len() >= 2).then_some(())));
    two.await.expect("written");
    scene.end(Signal::SIGKILL);
    let segments = segments(&scene.spool());
    let hit = flip(&segments[0]);
    // Half a record, as a crash in the middle of a write leaves it.
    let last = segments.last().expect("two");
    let bytes = std::fs::read(last).expect("readable");
    std::fs::write(last, [&bytes[..], &bytes[..100]].concat()).expect("written");
    let (books, counted) = scene.back().await;
    let said = scene.end(Signal::SIGTERM);
    assert_eq!(said.matches("a segment of the spool was damaged").count(), 2, "{said}");
    let (missing, twice) = books.missing_and_twice("teller", &scene.told);
    assert_eq!((missing.len() as u64, counted, twice.len()), (hit, hit, 0), "lost, declared lost, counted twice");
    // And it tells on.
    scene.start(RATE);
    let some = |said: &str| (said.matches("durable").count() >= 5).then_some(());
    scene.teller.child().says(SOON, "that it tells", some).await.expect("telling");
    scene.end(Signal::SIGTERM);
}

/// Changes a byte in the middle of a segment; how many records lie from there to its end.
fn flip(segment: &Path) -> u64 {
    let mut bytes = std::fs::read(segment).expect("readable");
    let whole = scan(&bytes);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(segment, &bytes).expect("written");
    whole.next_seq - scan(&bytes).next_seq
}

fn segments(spool: &Path) -> Vec<PathBuf> {
    let below =
        |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("listed").path());
    let folders: Vec<PathBuf> = below(spool).filter(|path| path.is_dir()).collect();
    let found: BTreeSet<PathBuf> = folders.iter().flat_map(|folder| below(folder)).collect();
    found.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "seg")).collect()
}
