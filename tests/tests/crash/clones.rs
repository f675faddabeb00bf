//! Two spools that claim one history, and one that claims another's: the aggregator and the agents keep them apart, and
//! nothing of either is lost.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::child::Child;
use harness::site::{CHECKS, Site, ended};
use harness::until::until;
use nix::sys::signal::Signal;

use crate::books::{Books, Promised};
use crate::history::History;
use crate::party::{Ground, Party};

const SOON: Duration = Duration::from_secs(60);
/// Records a second.
const RATE: u64 = 500;
/// Where the numbers of a second teller begin, so that one is never taken for the other's.
const APART: u64 = 400_000;

struct Scene {
    site: Site,
    aggregator: Party,
    folder: tempfile::TempDir,
    told: Promised,
}

impl Scene {
    async fn set() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let site = Site::lay(folder.path()).expect("a site");
        site.add_checks(CHECKS).expect("written");
        for node in ["teller", "other"] {
            site.admit(node).expect("a certificate");
        }
        let mut aggregator = Party::on(Ground::Folder, "aggregator", folder.path());
        aggregator.start(site.aggregator(&aggregator.data).expect("built"));
        site.listening(aggregator.child()).await.expect("listening");
        site.in_force(aggregator.child()).await.expect("a catalogue");
        Self { site, aggregator, folder, told: Promised::default() }
    }

    fn party(&self, name: &'static str) -> Party {
        Party::on(Ground::Folder, name, self.folder.path())
    }

    /// The spool of a party, told by the node `teller`.
    fn teller(&self, party: &Party, first: u64, rate: u64) -> Command {
        self.site.teller("teller", &party.data.join("spool"), (first, rate)).expect("built")
    }

    /// Lets a teller tell until some hundred more records are durable, and ends it with all of them told.
    async fn tell_some(&mut self, party: &mut Party, first: u64) -> u64 {
        party.start(self.teller(party, first, RATE));
        let some = |said: &str| (said.matches("durable").count() >= 20).then_some(());
        party.child().says(SOON, "that it tells", some).await.expect("telling");
        self.end_told(party).await
    }

    /// Ends a teller with all that it holds told; the number after its last record.
    async fn end_told(&mut self, party: &mut Party) -> u64 {
        let said = party.end(Signal::SIGTERM);
        self.told.note(&said);
        party.start(self.teller(party, 0, 0));
        let (books, spool) = (Books::open(&self.aggregator.data), party.data.join("spool"));
        let mut history = History::default();
        let arrived = until(SOON, "all records at the aggregator", async || {
            history.look(&spool);
            Ok(books.is_at(&history, "teller").then_some(()))
        });
        arrived.await.unwrap_or_else(|error| panic!("{error:#}\n{}", party.child().output()));
        let log = party.end(Signal::SIGTERM);
        self.told.note(&log);
        self.told.given
    }

    /// Every record of every spool is stored once, and in how many epochs.
    fn compare(&mut self, epochs: usize) {
        self.aggregator.end(Signal::SIGTERM);
        let books = Books::open(&self.aggregator.data);
        books.hold("teller", &self.told);
        let marks = books.every_mark();
        assert_eq!(marks.iter().filter(|mark| mark.node == "teller").count(), epochs, "{marks:#?}");
        // Fewer would show little.
        assert!(self.told.durable.len() > 100, "{} records", self.told.durable.len());
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("listed") {
        let (path, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).expect("listed");
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("copied");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloned_spool_forks_and_both_are_told_whole() {
    let mut scene = Scene::set().await;
    let (mut original, mut clone) = (scene.party("original"), scene.party("clone"));
    let next = scene.tell_some(&mut original, 0).await;
    copy(&original.data, &clone.data);
    // Both at once, each from the same point on, with the same certificate.
    original.start(scene.teller(&original, next, RATE));
    clone.start(scene.teller(&clone, APART, RATE));
    let some = |said: &str| (said.matches("durable").count() >= 20).then_some(());
    original.child().says(SOON, "that it tells", some).await.expect("telling");
    clone.child().says(SOON, "that it tells", some).await.expect("telling");
    // Whoever came second has learnt that the epoch is another's.
    let fork = "another history of an epoch exists";
    let forked = until(SOON, "a fork", async || {
        Ok((original.child().output().contains(fork) || clone.child().output().contains(fork)).then_some(()))
    });
    forked.await.expect("a fork");
    scene.end_told(&mut original).await;
    scene.end_told(&mut clone).await;
    scene.compare(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_restored_from_an_older_copy_forks_and_loses_nothing() {
    let mut scene = Scene::set().await;
    let mut teller = scene.party("restored");
    let next = scene.tell_some(&mut teller, 0).await;
    let backup = scene.folder.path().join("backup");
    copy(&teller.data, &backup);
    let next = scene.tell_some(&mut teller, next).await;
    std::fs::remove_dir_all(&teller.data).expect("removed");
    copy(&backup, &teller.data);
    // Fewer at first than were told since the copy: they end below the aggregator's mark.
    scene.tell_some(&mut teller, next).await;
    scene.compare(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_made_anew_under_the_same_name_begins_an_epoch_of_its_own() {
    let mut scene = Scene::set().await;
    let mut teller = scene.party("anew");
    let next = scene.tell_some(&mut teller, 0).await;
    std::fs::remove_dir_all(&teller.data).expect("removed");
    scene.tell_some(&mut teller, next).await;
    scene.compare(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_copied_to_another_node_is_refused_there() {
    let mut scene = Scene::set().await;
    let (mut teller, other) = (scene.party("whose"), scene.party("not-its"));
    scene.tell_some(&mut teller, 0).await;
    copy(&teller.data, &other.data);
    let command = scene.site.agent("other", &other.data).expect("built");
    let mut agent = Child::spawn("other", command, scene.folder.path()).expect("started");
    let said = ended(&mut agent).await.expect("refused");
    assert!(said.contains("it is the spool of the node teller") && said.contains("--data-dir"), "{said}");
    scene.compare(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_agent_on_one_spool_is_refused_and_the_first_goes_on() {
    let scene = Scene::set().await;
    let data = scene.folder.path().join("shared");
    let start = |name: &str| {
        let command = scene.site.agent("other", &data).expect("built");
        Child::spawn(name, command, scene.folder.path()).expect("started")
    };
    let mut first = start("first");
    let assigned = |said: &str| said.contains("assignments came").then_some(());
    first.says(SOON, "that it works", assigned).await.expect("working");
    let mut second = start("second");
    let said = ended(&mut second).await.expect("refused");
    assert!(said.contains("another agent uses this folder") && said.contains("--data-dir"), "{said}");
    assert!(harness::machine::runs(first.pid()));
}
