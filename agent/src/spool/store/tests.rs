//! The spool over real folders: restarts, crashes, damage, bounds.

use std::sync::Arc;
use std::time::Duration;

use api::frame::{Chain, chain};
use process::clock::ManualClock;

use super::*;
use crate::testing::drafts;

struct Folder {
    folder: tempfile::TempDir,
    clock: ManualClock,
}

impl Folder {
    fn new() -> Self {
        let clock = ManualClock::new(1_800_000_000_000, Duration::from_secs(1_000));
        Self { folder: tempfile::tempdir().expect("a folder"), clock }
    }

    fn open_with(&self, boot: &str, bound: Bound) -> Result<Store, DiskError> {
        let origin = Origin { node: "node".into(), machine_id: "machine".into(), boot_id: boot.into() };
        Store::open(self.folder.path(), origin, Arc::new(self.clock.clone()), bound)
    }

    fn open(&self) -> Store {
        self.open_with("boot", Bound::default()).expect("opens")
    }

    fn segments(&self) -> Vec<PathBuf> {
        let epochs = epoch_folders(self.folder.path()).expect("lists");
        let segments = epochs.iter().flat_map(|(_, path)| std::fs::read_dir(path).expect("lists"));
        let mut segments: Vec<PathBuf> = segments.map(|entry| entry.expect("listed").path()).collect();
        segments.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
        segments.sort();
        segments
    }
}

/// All batches, acknowledged one by one; checks that chains and numbers go on.
fn drain(store: &mut Store) -> Vec<(EpochId, u64)> {
    let mut told = vec![];
    let mut last: Option<(EpochId, u64, Chain)> = None;
    while let Some(batch) = store.batch().expect("reads") {
        if let Some((epoch, next_seq, chain)) = last.filter(|(epoch, ..)| *epoch == batch.epoch) {
            assert_eq!((epoch, next_seq, chain), (batch.epoch, batch.first_seq, batch.chain));
        }
        let mut chain = batch.chain;
        for entry in &batch.entries {
            chain = entry.chain_after(&chain);
            if let Entry::Record(stored) = entry {
                told.push((batch.epoch, stored.seq));
            }
        }
        store.acknowledge(batch.epoch, batch.last_seq).expect("forgets");
        last = Some((batch.epoch, batch.last_seq + 1, chain));
    }
    told
}

fn seqs(told: &[(EpochId, u64)]) -> Vec<u64> {
    told.iter().map(|(_, seq)| *seq).collect()
}

#[test]
fn a_restart_goes_on_with_numbers_and_chain() {
    let folder = Folder::new();
    let mut store = folder.open();
    assert_eq!(store.append(drafts(5)).expect("writes"), Appended { written: 5, refused: 0 });
    let end = store.end();
    drop(store);
    let mut store = folder.open();
    assert_eq!(store.end(), end);
    store.append(drafts(2)).expect("writes");
    assert_eq!(seqs(&drain(&mut store)), [1, 2, 3, 4, 5, 6, 7]);
    drop(store);
    assert_eq!(folder.open().end().1, 8, "what is acknowledged is gone, where it stood is known");
}

#[test]
fn a_second_agent_is_kept_out() {
    let folder = Folder::new();
    let _first = folder.open();
    let refused = folder.open_with("boot", Bound::default()).err().expect("locked");
    assert!(refused.source.to_string().contains("another agent"), "{refused:?}");
}

#[test]
fn what_is_acknowledged_is_known_after_a_restart_and_told_again_when_the_note_is_damaged() {
    let folder = Folder::new();
    let mut store = folder.open();
    store.append(drafts(6)).expect("writes");
    let (epoch, ..) = store.end();
    store.acknowledge(epoch, 4).expect("forgets");
    drop(store);
    assert_eq!(folder.open().batch().expect("reads").expect("waits").first_seq, 5);
    let note = folder.segments().remove(0).with_file_name("told");
    let mut bytes = std::fs::read(&note).expect("a note");
    bytes[7] ^= 1;
    std::fs::write(&note, &bytes).expect("writes");
    let mut store = folder.open();
    assert_eq!(seqs(&drain(&mut store)), [1, 2, 3, 4, 5, 6]);
    drop(store);
    let segment = folder.segments().remove(0);
    let bytes = std::fs::read(&segment).expect("reads");
    std::fs::write(&segment, &bytes[..bytes.len() - 9]).expect("cuts");
    assert_eq!(folder.open().batch().expect("reads"), None, "a lost end does not make the rest untold");
}

#[test]
fn a_spool_that_was_copied_from_another_node_is_refused() {
    let folder = Folder::new();
    let mut store = folder.open();
    store.append(drafts(3)).expect("writes");
    drop(store);
    let origin = Origin { node: "another".into(), machine_id: "machine".into(), boot_id: "boot".into() };
    let opened = Store::open(folder.folder.path(), origin, Arc::new(folder.clock.clone()), Bound::default());
    let refused = opened.err().expect("refused").source.to_string();
    assert!(refused.contains("the node node;") && refused.contains("--data-dir"), "{refused}");
    assert_eq!(seqs(&drain(&mut folder.open())), [1, 2, 3], "its own node loses nothing by that");
}

#[test]
fn an_aggregator_that_is_ahead_is_shown_the_chain_and_nothing_is_lost_if_it_is_anothers() {
    let folder = Folder::new();
    let mut store = folder.open();
    store.append(drafts(6)).expect("writes");
    let (epoch, ..) = store.end();
    store.acknowledge(epoch, 1).expect("forgets");
    store.rewind(epoch, 5).expect("rewinds");
    let batch = store.batch().expect("reads").expect("waits");
    assert_eq!((batch.epoch, batch.first_seq, batch.last_seq), (epoch, 4, 6), "with the record before");
    // It agrees: all of it is acknowledged.
    store.rewind(epoch, 7).expect("rewinds");
    assert_eq!(store.batch().expect("reads").expect("is shown").first_seq, 6, "also where nothing is new");
    store.acknowledge(epoch, 6).expect("forgets");
    assert_eq!(store.batch().expect("reads"), None);
    // It does not: everything that was not acknowledged is told anew.
    store.append(drafts(4)).expect("writes");
    store.rewind(epoch, 9).expect("rewinds");
    store.fork(epoch).expect("forks");
    let told = drain(&mut store);
    assert!(told.len() == 4 && told.iter().all(|(told, _)| *told != epoch), "{told:?}");
}

#[test]
fn another_boot_begins_an_epoch_and_the_older_is_told_first() {
    let folder = Folder::new();
    let mut store = folder.open();
    store.append(drafts(3)).expect("writes");
    drop(store);
    folder.clock.advance(Duration::from_secs(60));
    let mut store = folder.open_with("next boot", Bound::default()).expect("opens");
    store.append(drafts(2)).expect("writes");
    let older = store.batch().expect("reads").expect("waits");
    assert_eq!(older.now_boot_ms, 1_060_000, "ages of an older boot come from the wall clock");
    let told = drain(&mut store);
    assert_eq!(seqs(&told), [1, 2, 3, 1, 2]);
    assert_ne!(told[0].0, told[4].0);
    assert_eq!(store.epochs.len(), 1);
}

#[test]
fn a_crash_at_any_byte_loses_only_what_was_torn() {
    let folder = Folder::new();
    let mut store = folder.open();
    store.append(drafts(4)).expect("writes");
    let (first_epoch, ..) = store.end();
    drop(store);
    let path = folder.segments().remove(0);
    let whole = std::fs::read(&path).expect("reads");
    for crash in (0..whole.len()).step_by(7) {
        let crashed = Folder::new();
        copy(folder.folder.path(), crashed.folder.path());
        let torn = crashed.segments().remove(0);
        std::fs::write(&torn, &whole[..crash]).expect("writes");
        let mut store = crashed.open();
        store.append(drafts(1)).expect("writes");
        let told = drain(&mut store);
        let of_first = told.iter().filter(|(epoch, _)| *epoch == first_epoch).count();
        assert_eq!(seqs(&told)[..of_first], (1..=of_first as u64).collect::<Vec<_>>(), "at byte {crash}");
        // Between two records nothing is torn, and the epoch goes on.
        assert_eq!(told.len() - of_first, usize::from(store.end().0 != first_epoch), "at byte {crash}");
    }
}

#[test]
fn a_flipped_byte_is_declared_and_the_rest_is_told() {
    let folder = Folder::new();
    let mut store = folder.open();
    store.append(drafts(4)).expect("writes");
    store.file = store.active().begin_segment().expect("begins");
    store.append(drafts(3)).expect("writes");
    drop(store);
    let path = folder.segments().remove(0);
    let mut bytes = std::fs::read(&path).expect("reads");
    let at = bytes.len() - 10;
    bytes[at] ^= 1;
    std::fs::write(&path, &bytes).expect("writes");
    let mut store = folder.open();
    let first = store.batch().expect("reads").expect("waits");
    let holes =
        first.entries.iter().filter(|entry| matches!(entry, Entry::Hole(hole) if hole.kind == DroppedKind::Any));
    assert_eq!(holes.count(), 1);
    assert_eq!(seqs(&drain(&mut store)), [1, 2, 3, 5, 6, 7]);
}

#[test]
fn over_the_bound_counts_go_first_and_every_gap_is_declared() {
    let folder = Folder::new();
    let bound = Bound { bytes_max: 3 * SEGMENT_BYTES, ..Bound::default() };
    let mut store = folder.open_with("boot", bound).expect("opens");
    let mut trimmed = Trimmed::default();
    let mut appended = 0;
    while trimmed.any == 0 {
        appended += store.append(drafts(500)).expect("writes").written;
        let more = store.trim().expect("trims");
        trimmed = Trimmed { roll_ups: trimmed.roll_ups + more.roll_ups, any: trimmed.any + more.any };
        assert!(store.bytes() <= bound.bytes_max + SEGMENT_BYTES / 8, "{} bytes", store.bytes());
    }
    assert!(trimmed.roll_ups > 0, "roll-ups went before");
    let told = drain(&mut store);
    assert!(!told.is_empty() && (told.len() as u64) < appended);
    assert_eq!(told[told.len() - 1].1, appended);
}

#[test]
fn an_old_record_is_not_kept_for_ever() {
    let folder = Folder::new();
    let mut store = folder.open();
    store.append(drafts(2)).expect("writes");
    store.file = store.active().begin_segment().expect("begins");
    folder.clock.advance(Duration::from_secs(25 * 3_600));
    assert!(store.trim().expect("trims").any > 0);
    store.append(drafts(1)).expect("writes");
    assert_eq!(seqs(&drain(&mut store)), [3]);
}

#[test]
fn a_gap_is_told_again_and_a_fork_in_a_new_epoch() {
    let folder = Folder::new();
    let mut store = folder.open();
    store.append(drafts(6)).expect("writes");
    let (epoch, ..) = store.end();
    store.acknowledge(epoch, 4).expect("forgets");
    store.rewind(epoch, 3).expect("rewinds");
    let batch = store.batch().expect("reads").expect("waits");
    assert_eq!((batch.epoch, batch.first_seq), (epoch, 3));
    store.rewind(epoch, 40).expect("forks");
    let told = drain(&mut store);
    assert_eq!(seqs(&told), [1, 2, 3, 4], "3 to 6 under new numbers");
    assert!(told.iter().all(|(told, _)| *told != epoch));
    assert_eq!(store.epochs.len(), 1);
}

#[test]
fn the_chain_of_a_first_epoch_begins_with_its_id() {
    let folder = Folder::new();
    let mut store = folder.open();
    let (epoch, next_seq, chain) = store.end();
    assert_eq!((next_seq, chain), (1, chain::start(&epoch)));
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("lists") {
        let entry = entry.expect("listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).expect("makes");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copies");
        }
    }
}

#[test]
fn what_is_acknowledged_is_not_counted_as_dropped() {
    let folder = Folder::new();
    let mut store = folder.open_with("boot", Bound { bytes_max: 1, ..Bound::default() }).expect("opens");
    store.append(drafts(12)).expect("writes");
    let (epoch, ..) = store.end();
    store.acknowledge(epoch, 6).expect("forgets");
    store.file = store.active().begin_segment().expect("begins");
    // Of twelve records the third and the ninth are roll-ups.
    assert_eq!(store.trim().expect("trims"), Trimmed { roll_ups: 1, any: 5 });
}
