//! Shell: the spool on disk: epochs in order, the last one written. Owned by the thread of `writer`, which is alone
//! with it; the folder is locked against a second process. It talks to nobody: `report` asks for batches.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};

use api::frame::{DroppedKind, Epoch as EpochId};
use api::limits::FRAME_RECORDS_MAX;
use nix::fcntl::Flock;
use process::clock::SharedClock;
use process::supervise::chain;

use super::bound::{self, Bound, Drop, Held};
use super::epoch::{Epoch, Found, SEGMENT_BYTES, append};
use super::recover::{EpochInfo, Origin, goes_on};
use super::segment::{self, Entry};
use super::{Batch, Draft};
use crate::disk::{self, DiskError, failed};

/// The spool.
pub(super) struct Store {
    folder: PathBuf,
    _lock: Flock<File>,
    origin: Origin,
    clock: SharedClock,
    bound: Bound,
    /// Oldest first; never empty; the last one is written.
    epochs: VecDeque<Epoch>,
    next_ordinal: u64,
    file: File,
}

/// What became of drafts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Appended {
    /// Durable now.
    pub(super) written: u64,
    /// Not kept: the disk is full, or a record is over its limit.
    pub(super) refused: u64,
}

/// Records dropped to stay within the bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trimmed {
    pub(super) roll_ups: u64,
    pub(super) any: u64,
}

// === impl Store ===

impl Store {
    /// Opens the folder, repairs what a crash left and goes on, in a new epoch where it must.
    pub(super) fn open(folder: &Path, origin: Origin, clock: SharedClock, bound: Bound) -> Result<Self, DiskError> {
        disk::folder(folder)?;
        let lock = disk::lock(&folder.join("lock"))?;
        let mut epochs = VecDeque::new();
        let (mut next_ordinal, mut goes_on_there) = (1, false);
        for (ordinal, path) in epoch_folders(folder)? {
            next_ordinal = ordinal + 1;
            let Some(Found { epoch, tail }) = Epoch::open(&path)? else {
                tracing::error!(folder = %path.display(), "an epoch of the spool has lost its description, its records are lost");
                std::fs::remove_dir_all(&path).map_err(failed("remove", &path))?;
                goes_on_there = false;
                continue;
            };
            if !origin.is_node_of(&epoch.info.origin) {
                let node = &epoch.info.origin.node;
                let whose = format!("it is the spool of the node {node}; give this one a --data-dir of its own");
                return Err(failed("use", folder)(std::io::Error::other(whose)));
            }
            goes_on_there = goes_on(&epoch.info, &origin, &tail);
            epochs.push_back(epoch);
        }
        if !goes_on_there {
            epochs.push_back(begin(folder, next_ordinal, &origin, &clock)?);
            next_ordinal += 1;
        }
        let file = epochs.back_mut().expect("one was pushed or went on").begin_segment()?;
        let mut store =
            Self { folder: folder.to_owned(), _lock: lock, origin, clock, bound, epochs, next_ordinal, file };
        store.forget_finished()?;
        Ok(store)
    }

    /// Writes drafts and makes them durable. An error means that the disk no longer keeps what it was given.
    pub(super) fn append(&mut self, drafts: Vec<Draft>) -> Result<Appended, DiskError> {
        let mut appended = Appended::default();
        let mut waiting = drafts.into_iter().peekable();
        while waiting.peek().is_some() {
            if self.active().segments.back().is_none_or(|segment| segment.bytes >= SEGMENT_BYTES) {
                match self.active().begin_segment() {
                    Ok(file) => self.file = file,
                    Err(error) if error.passes() => {
                        let records = waiting.count() as u64;
                        appended.refused += records;
                        tracing::error!(records, error = %chain(&error), "the spool takes nothing, records were dropped");
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            let room = SEGMENT_BYTES.saturating_sub(self.active().segments.back().map_or(0, |segment| segment.bytes));
            let (mut seq, _) = self.active().end();
            let (mut entries, mut content) = (vec![], vec![]);
            while (content.len() as u64) < room
                && let Some(draft) = waiting.next()
            {
                let entry = Entry::Record(draft.stored(seq));
                match segment::encode(&entry) {
                    None => appended.refused += 1,
                    Some(bytes) => {
                        entries.push((entry, bytes.len() as u64));
                        content.extend_from_slice(&bytes);
                        seq += 1;
                    }
                }
            }
            self.write(entries, &content, &mut appended)?;
        }
        Ok(appended)
    }

    fn write(&mut self, entries: Vec<(Entry, u64)>, content: &[u8], done: &mut Appended) -> Result<(), DiskError> {
        let count = entries.len() as u64;
        let segment = self.epochs.back_mut().and_then(|epoch| epoch.segments.back_mut());
        let segment = segment.expect("append has begun one");
        let written = append(&mut self.file, content).map_err(failed("write and sync the spool in", &self.folder));
        match written {
            Ok(()) => {
                entries.iter().for_each(|(entry, bytes)| segment.note(entry, *bytes));
                done.written += count;
                Ok(())
            }
            Err(error) if error.passes() => {
                // Nothing of it was promised to anybody; what did get onto the disk is taken back.
                let length = self.file.metadata().map_err(failed("look at", &self.folder))?.len();
                if length != segment.bytes {
                    self.file.set_len(segment.bytes).map_err(failed("cut", &self.folder))?;
                }
                tracing::error!(records = count, error = %chain(&error), "the spool takes nothing, records were dropped");
                done.refused += count;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Drops what is over the bound; on a full disk, where even a hole has no room, a later call does.
    pub(super) fn trim(&mut self) -> Result<Trimmed, DiskError> {
        let mut trimmed = Trimmed::default();
        loop {
            let (places, held) = self.held();
            let active_bytes = self.active().segments.back().map_or(0, |segment| segment.bytes);
            let (dropped, records) = match bound::next(&held, active_bytes, self.bound) {
                None => break,
                Some(Drop::RollUps(at)) => {
                    let (epoch, segment) = places[at];
                    (self.epochs[epoch].drop_roll_ups(segment), &mut trimmed.roll_ups)
                }
                Some(Drop::Segment(at)) => {
                    let (epoch, segment) = places[at];
                    (self.epochs[epoch].drop_segment(segment), &mut trimmed.any)
                }
            };
            match dropped {
                Ok(dropped) => *records += dropped,
                Err(error) if error.passes() => break,
                Err(error) => return Err(error),
            }
        }
        self.forget_finished()?;
        Ok(trimmed)
    }

    /// Segments with records that are not written any more, and where they are.
    fn held(&self) -> (Vec<(usize, usize)>, Vec<Held>) {
        let (now_boot_ms, now_wall_ms) = (signed(self.clock.boot_ms()), self.clock.wall_ms());
        let mut held = vec![];
        for (at, epoch) in self.epochs.iter().enumerate() {
            let now_ms =
                if epoch.info.origin == self.origin { now_boot_ms } else { now_wall_ms - epoch.info.wall_offset_ms };
            let closed = epoch.segments.len() - usize::from(at + 1 == self.epochs.len());
            for (place, segment) in epoch.segments.iter().take(closed).enumerate() {
                if let Some(newest_ms) = segment.newest_boot_ms {
                    let age_ms = u64::try_from(now_ms - newest_ms).unwrap_or(0);
                    let (bytes, roll_up_bytes) = (segment.bytes, segment.roll_up_bytes);
                    held.push(((at, place), Held { bytes, roll_up_bytes, age_ms }));
                }
            }
        }
        held.into_iter().unzip()
    }

    /// The oldest records that are not acknowledged; none when all are.
    pub(super) fn batch(&mut self) -> Result<Option<Batch>, DiskError> {
        self.forget_finished()?;
        let now_ms = (signed(self.clock.boot_ms()), self.clock.wall_ms());
        let epoch = self.epochs.front().expect("one is always written");
        let first_seq = epoch.shown_from.unwrap_or(epoch.through + 1);
        let Some(segment) = epoch.segments.iter().find(|segment| segment.next_seq > first_seq) else { return Ok(None) };
        let (mut chain, mut entries) = (segment.chain_before, vec![]);
        for mut entry in segment.read()? {
            if entry.last_seq().is_some_and(|last| last < first_seq) {
                chain = entry.chain_after(&chain);
                continue;
            }
            if let Entry::Hole(hole) = &mut entry {
                hole.first = hole.first.max(first_seq);
            }
            entries.push(entry);
        }
        entries.truncate(FRAME_RECORDS_MAX);
        let last_seq = entries.last().and_then(Entry::last_seq).unwrap_or(segment.next_seq - 1);
        let is_of_this_boot = epoch.info.origin == self.origin;
        let now_boot_ms = if is_of_this_boot { now_ms.0 } else { now_ms.1 - epoch.info.wall_offset_ms };
        Ok(Some(Batch { epoch: epoch.info.epoch, first_seq, last_seq, chain, entries, now_boot_ms }))
    }

    /// Everything up to `through` is the aggregator's.
    pub(super) fn acknowledge(&mut self, epoch: EpochId, through: u64) -> Result<(), DiskError> {
        if let Some(known) = self.epochs.iter_mut().find(|known| known.info.epoch == epoch) {
            let (next_seq, _) = known.end();
            known.through = known.through.max(through.min(next_seq - 1));
            known.shown_from = None;
            known.note_told();
            known.forget_through(known.through)?;
        }
        self.forget_finished()
    }

    /// The aggregator wants to go on at `expected`: from there again if it is still here, else as after a fork. Where it is
    /// ahead of what we know to be acknowledged, it may be another's history that it speaks of (a copied or restored
    /// spool): the record before is sent along, whose chain it compares.
    pub(super) fn rewind(&mut self, epoch: EpochId, expected: u64) -> Result<Appended, DiskError> {
        let known = self.epochs.iter_mut().find(|known| known.info.epoch == epoch);
        let Some(known) = known else { return Ok(Appended::default()) };
        let held = known.segments.front().map_or(1, |first| first.first_seq)..=known.end().0;
        if held.contains(&expected) {
            let is_ahead = expected - 1 > known.through;
            known.shown_from = is_ahead.then_some(expected - 1);
            known.through = known.through.min(expected - 1);
            known.note_told();
            return Ok(Appended::default());
        }
        self.fork(epoch)
    }

    /// The aggregator knows another history of this epoch: what it lacks is told again in a new one. A crash in between
    /// tells it twice; a fork is an accident already (a copied or restored disk).
    pub(super) fn fork(&mut self, epoch: EpochId) -> Result<Appended, DiskError> {
        let at = self.epochs.iter().position(|known| known.info.epoch == epoch);
        let Some(at) = at else { return Ok(Appended::default()) };
        let mut drafts = vec![];
        let old = &self.epochs[at];
        let shift_ms = old.info.wall_offset_ms - self.wall_offset_ms();
        let shift_ms = if old.info.origin == self.origin { 0 } else { shift_ms };
        for segment in &old.segments {
            let records = segment.read()?.into_iter().filter(|entry| entry.last_seq() > Some(old.through));
            drafts.extend(records.filter_map(|entry| Draft::again(entry, shift_ms)));
        }
        if at + 1 == self.epochs.len() {
            let mut epoch = begin(&self.folder, self.next_ordinal, &self.origin, &self.clock)?;
            self.next_ordinal += 1;
            self.file = epoch.begin_segment()?;
            self.epochs.push_back(epoch);
        }
        let appended = self.append(drafts)?;
        tracing::warn!(records = appended.written, "another history of an epoch exists, its records go into a new one");
        self.epochs.remove(at).expect("a position that was found").remove()?;
        Ok(appended)
    }

    /// Bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.epochs.iter().flat_map(|epoch| &epoch.segments).map(|segment| segment.bytes).sum()
    }

    /// Older epochs of which nothing is left to tell.
    fn forget_finished(&mut self) -> Result<(), DiskError> {
        while self.epochs.len() > 1 {
            let first = &self.epochs[0];
            let untold = |segment: &super::epoch::Segment| {
                segment.newest_boot_ms.is_some() && segment.next_seq > first.through + 1
            };
            if first.segments.iter().any(untold) {
                break;
            }
            match self.epochs.pop_front().expect("more than one").remove() {
                // It stays on the disk, is found there at the next start, and is known to the aggregator.
                Err(error) if error.passes() => tracing::warn!(error = %chain(&error), "an epoch is not removed"),
                removed => removed?,
            }
        }
        Ok(())
    }

    fn active(&mut self) -> &mut Epoch {
        self.epochs.back_mut().expect("one is always written")
    }

    fn wall_offset_ms(&self) -> i64 {
        self.clock.wall_ms() - signed(self.clock.boot_ms())
    }

    /// The number of the next record and the chain before it, for tests of what goes on.
    #[cfg(test)]
    pub(super) fn end(&mut self) -> (EpochId, u64, api::frame::Chain) {
        let (next_seq, chain) = self.active().end();
        (self.active().info.epoch, next_seq, chain)
    }
}

/// A batch says what kind of holes it declares; here they are counted.
impl Trimmed {
    /// Records by the kind that metrics name.
    pub(super) fn by_kind(self) -> [(DroppedKind, u64); 2] {
        [(DroppedKind::RollUp, self.roll_ups), (DroppedKind::Any, self.any)]
    }
}

fn begin(folder: &Path, ordinal: u64, origin: &Origin, clock: &SharedClock) -> Result<Epoch, DiskError> {
    let epoch = EpochId(disk::random()?);
    let wall_offset_ms = clock.wall_ms() - signed(clock.boot_ms());
    Epoch::create(folder, ordinal, EpochInfo { epoch, origin: origin.clone(), wall_offset_ms })
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

/// Folders of epochs by their ordinal.
fn epoch_folders(spool: &Path) -> Result<Vec<(u64, PathBuf)>, DiskError> {
    let entries = std::fs::read_dir(spool).map_err(failed("list", spool))?;
    let ordinal = |path: &Path| path.file_name()?.to_str()?.split_once('-')?.0.parse::<u64>().ok();
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut folders: Vec<(u64, PathBuf)> = paths.filter_map(|path| Some((ordinal(&path)?, path))).collect();
    folders.sort();
    Ok(folders)
}

#[cfg(test)]
mod tests;
