//! A disk that has changed a byte of what was kept: it is noticed, made again or fetched again, and checks run.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::scene::{Scene, says};

/// Every file below a folder that holds anything.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("listed").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| self::files(folder)).collect::<Vec<_>>();
    files.into_iter().filter(|file| fs::metadata(file).expect("there").len() > 0).chain(below).collect()
}

/// Changes a byte in the middle.
fn flip(file: &Path) {
    let mut bytes = fs::read(file).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(file, bytes).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_every_file_has_a_flipped_byte_recovers() {
    let mut scene = Scene::set().await;
    scene.agent().stop();
    let files = files(&scene.agent_data());
    let has = |part: &str| files.iter().any(|file| file.to_string_lossy().contains(part));
    assert!(has("components") && has("assignments") && has(".seg"), "{files:?}");
    files.iter().for_each(|file| flip(file));
    scene.start_agent(|command| command);
    says(scene.agent(), &["the assignments kept on disk are damaged, the aggregator is asked"]).await;
    scene.runs_on().await;
    scene.reports_after(Timestamp::now()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_the_aggregators_disk_has_changed_is_taken_again_from_its_authors_file() {
    let mut scene = Scene::set().await;
    scene.agent().stop();
    // What it had is gone, so it has to fetch.
    fs::remove_dir_all(scene.agent_data()).expect("removed");
    let kept = files(&scene.aggregator_data().join("plugins"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    flip(&kept[0]);
    scene.start_agent(|command| command);
    scene.reports_after(Timestamp::now()).await;
    says(&mut scene.aggregator, &["a kept component was damaged", "taken from its author's file again"]).await;
}
