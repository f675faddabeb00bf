//! Shell: one epoch's folder: its description and its segments, read at a start, appended to, trimmed, forgotten as
//! they are acknowledged. Owned by `store`; which record goes where is decided there.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use api::frame::{Chain, Dropped, DroppedKind, chain, codec};
use sha2::{Digest as _, Sha256};

use super::recover::{EpochInfo, Repair, repair};
use super::segment::{self, Entry, Scan};
use crate::disk::{self, DiskError, failed};

/// A segment is closed beyond this: a frame is made of one segment and has 1 MiB packed at most, even of noise.
pub(super) const SEGMENT_BYTES: u64 = 512 << 10;
/// A segment is closed before this plus one record.
const SEGMENT_BYTES_MAX: usize = 1 << 20;
const INFO: &str = "epoch";
const INFO_BYTES_MAX: usize = 4 << 10;
const TOLD: &str = "told";
/// A number, and as many bytes of its hash.
const TOLD_BYTES: usize = 16;

/// One epoch.
#[derive(Debug)]
pub(super) struct Epoch {
    pub(super) info: EpochInfo,
    folder: PathBuf,
    pub(super) segments: VecDeque<Segment>,
    /// Acknowledged up to here, as far as this process knows.
    pub(super) through: u64,
    /// The aggregator says it is ahead: from here the next frame shows it our chain, and nothing counts as acknowledged
    /// before it has agreed.
    pub(super) shown_from: Option<u64>,
}

/// One segment on disk.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    pub(super) first_seq: u64,
    pub(super) next_seq: u64,
    pub(super) chain_before: Chain,
    pub(super) chain_after: Chain,
    pub(super) bytes: u64,
    pub(super) roll_up_bytes: u64,
    /// Stamp of the last record; none when it holds holes only.
    pub(super) newest_boot_ms: Option<i64>,
}

/// What a start found of an epoch.
pub(super) struct Found {
    pub(super) epoch: Epoch,
    /// What the last segment needed.
    pub(super) tail: Repair,
}

// === impl Epoch ===

impl Epoch {
    /// Makes the folder of a new epoch, whole or not at all.
    pub(super) fn create(spool: &Path, ordinal: u64, info: EpochInfo) -> Result<Self, DiskError> {
        let folder = spool.join(format!("{ordinal:08}-{}", hex::encode(info.epoch.0)));
        let making = spool.join("making");
        if making.exists() {
            std::fs::remove_dir_all(&making).map_err(failed("remove", &making))?;
        }
        disk::folder(&making)?;
        let bytes = codec::encode(&info).expect("strings and numbers have a MessagePack form");
        disk::replace(&making.join(INFO), &bytes)?;
        std::fs::rename(&making, &folder).map_err(failed("name", &folder))?;
        disk::sync_folder(spool)?;
        Ok(Self { info, folder, segments: VecDeque::new(), through: 0, shown_from: None })
    }

    /// Reads an epoch and repairs what a crash left; none when it says nothing of itself.
    pub(super) fn open(folder: &Path) -> Result<Option<Found>, DiskError> {
        let info = disk::read(&folder.join(INFO), INFO_BYTES_MAX)?;
        let Some(info) = info.and_then(|bytes| codec::decode::<EpochInfo>(&bytes).ok()) else {
            return Ok(None);
        };
        let mut scans = vec![];
        for path in segment_paths(folder)? {
            let bytes = disk::read(&path, SEGMENT_BYTES_MAX)?.unwrap_or_default();
            scans.push((path, segment::scan(&bytes), bytes.len()));
        }
        let (segments, folder) = (VecDeque::new(), folder.to_owned());
        let mut epoch = Self { info, folder, segments, through: 0, shown_from: None };
        let mut tail = Repair::None;
        for at in 0..scans.len() {
            let next = scans[at + 1..].iter().find_map(|(_, scan, _)| scan.head);
            let (path, scan, file_bytes) = &scans[at];
            tail = repair(scan, *file_bytes, next);
            if tail != Repair::None {
                tracing::warn!(file = %path.display(), repair = ?tail, "a segment of the spool was damaged, what cannot be read is lost; unless a crash did it, look at the disk");
            }
            epoch.segments.extend(repaired(path, scan, &tail)?);
        }
        let least = epoch.segments.front().map_or(0, |first| first.first_seq - 1);
        // What was acknowledged and then lost by the disk is not told again with what is left.
        epoch.through = epoch.told().map_or(least, |told| told.clamp(least, epoch.end().0 - 1));
        Ok(Some(Found { epoch, tail }))
    }

    /// The number of the next record, and the chain before it.
    pub(super) fn end(&self) -> (u64, Chain) {
        let after = |segment: &Segment| (segment.next_seq, segment.chain_after);
        self.segments.back().map_or_else(|| (1, chain::start(&self.info.epoch)), after)
    }

    /// Begins another segment and gives its file.
    pub(super) fn begin_segment(&mut self) -> Result<File, DiskError> {
        let (first_seq, chain) = self.end();
        // An empty one that is there already has the same name and says the same.
        self.segments.pop_back_if(|last| last.first_seq == first_seq);
        let segment = write(&self.folder, &[Entry::Head { first_seq, chain }])?;
        let path = segment.path.clone();
        self.segments.push_back(segment);
        OpenOptions::new().append(true).open(&path).map_err(failed("open", &path))
    }

    /// Notes how far it is acknowledged, without a sync: after a power cut it may be an older number, or none, and what
    /// follows is told again. So it never hurts that the disk is full; it spares repetitions, above all in a new epoch
    /// after a fork, where they would count.
    pub(super) fn note_told(&self) {
        let write = |mut file: File| file.write_all(&self.told_bytes(self.through));
        let path = self.folder.join(TOLD);
        let noted = OpenOptions::new().write(true).create(true).truncate(false).open(&path).and_then(write);
        if let Err(error) = noted {
            tracing::debug!(file = %path.display(), %error, "what is acknowledged is not noted");
        }
    }

    /// The number that was noted last; none when it is not whole or of another epoch.
    fn told(&self) -> Option<u64> {
        let bytes = disk::read(&self.folder.join(TOLD), TOLD_BYTES).ok()??;
        let through = u64::from_be_bytes(*bytes.first_chunk()?);
        (bytes == self.told_bytes(through)).then_some(through)
    }

    fn told_bytes(&self, through: u64) -> [u8; TOLD_BYTES] {
        let number = through.to_be_bytes();
        let sum = Sha256::new().chain_update(self.info.epoch.0).chain_update(number).finalize();
        let mut bytes = [0; TOLD_BYTES];
        bytes[..8].copy_from_slice(&number);
        bytes[8..].copy_from_slice(&sum[..8]);
        bytes
    }

    /// Forgets segments that are acknowledged as a whole; the last one stays, it knows where the epoch stands.
    pub(super) fn forget_through(&mut self, through: u64) -> Result<(), DiskError> {
        while self.segments.len() > 1 && self.segments[0].next_seq <= through.saturating_add(1) {
            match disk::remove(&self.segments[0].path) {
                // The next acknowledgement tries again.
                Err(error) if error.passes() => break,
                removed => removed?,
            }
            self.segments.pop_front();
        }
        Ok(())
    }

    /// Replaces the roll-ups of a segment by holes. How many of them will never be told: what is acknowledged was.
    pub(super) fn drop_roll_ups(&mut self, at: usize) -> Result<u64, DiskError> {
        let entries = self.segments[at].read()?;
        let (mut kept, mut dropped) = (vec![self.segments[at].head()], 0);
        let mut chain = self.segments[at].chain_before;
        for entry in entries {
            chain = entry.chain_after(&chain);
            match (&entry, kept.last_mut()) {
                (_, Some(Entry::Hole(hole))) if entry.is_roll_up() && hole.kind == DroppedKind::RollUp => {
                    (hole.last, hole.chain) = (hole.last + 1, chain);
                    dropped += u64::from(hole.last > self.through);
                }
                (Entry::Record(stored), _) if entry.is_roll_up() => {
                    let (first, kind) = (stored.seq, DroppedKind::RollUp);
                    kept.push(Entry::Hole(Dropped { first, last: first, kind, chain }));
                    dropped += u64::from(first > self.through);
                }
                _ => kept.push(entry),
            }
        }
        self.segments[at] = write(&self.folder, &kept)?;
        Ok(dropped)
    }

    /// Replaces all of a segment, and the holes just before it, by one hole. How many will never be told.
    pub(super) fn drop_segment(&mut self, at: usize) -> Result<u64, DiskError> {
        let begins = (0..at).rev().take_while(|before| self.segments[*before].newest_boot_ms.is_none()).last();
        let begins = begins.unwrap_or(at);
        let (first, last) = (self.segments[begins].first_seq, self.segments[at].next_seq - 1);
        let hole = Dropped { first, last, kind: DroppedKind::Any, chain: self.segments[at].chain_after };
        let span = self.segments[at].next_seq - self.segments[at].first_seq;
        let is_untold = |entry: &&Entry| matches!(entry, Entry::Record(stored) if stored.seq > self.through);
        // Roll-ups that went before were counted then. Of what cannot be read any more the most is said.
        let dropped = self.segments[at].read().map_or(span, |entries| entries.iter().filter(is_untold).count() as u64);
        let merged = write(&self.folder, &[self.segments[begins].head(), Entry::Hole(hole)])?;
        for gone in begins + 1..=at {
            disk::remove(&self.segments[gone].path)?;
        }
        self.segments.drain(begins + 1..=at);
        self.segments[begins] = merged;
        Ok(dropped)
    }

    /// Removes the epoch from the disk.
    pub(super) fn remove(self) -> Result<(), DiskError> {
        std::fs::remove_dir_all(&self.folder).map_err(failed("remove", &self.folder))
    }
}

// === impl Segment ===

impl Segment {
    /// Its entries without the head.
    pub(super) fn read(&self) -> Result<Vec<Entry>, DiskError> {
        let bytes = disk::read(&self.path, SEGMENT_BYTES_MAX)?.unwrap_or_default();
        let scan = segment::scan(&bytes);
        if scan.next_seq < self.next_seq {
            // Read back whole when it was written: the disk has lost it since.
            return Err(failed("read", &self.path)(std::io::Error::other("a synced record is damaged")));
        }
        Ok(scan.entries)
    }

    /// Takes note of an entry that was written at its end.
    pub(super) fn note(&mut self, entry: &Entry, entry_bytes: u64) {
        self.chain_after = entry.chain_after(&self.chain_after);
        self.next_seq = entry.last_seq().map_or(self.next_seq, |last| last + 1);
        self.bytes += entry_bytes;
        if let Entry::Record(stored) = entry {
            self.newest_boot_ms = Some(self.newest_boot_ms.map_or(stored.at_boot_ms, |ms| ms.max(stored.at_boot_ms)));
        }
        if entry.is_roll_up() {
            self.roll_up_bytes += entry_bytes;
        }
    }

    fn head(&self) -> Entry {
        Entry::Head { first_seq: self.first_seq, chain: self.chain_before }
    }

    fn new(path: PathBuf, first_seq: u64, chain: Chain) -> Self {
        Self {
            path,
            first_seq,
            next_seq: first_seq,
            chain_before: chain,
            chain_after: chain,
            bytes: 0,
            roll_up_bytes: 0,
            newest_boot_ms: None,
        }
    }
}

/// Writes a segment whole. Its first entry is a head.
fn write(folder: &Path, entries: &[Entry]) -> Result<Segment, DiskError> {
    let Some(Entry::Head { first_seq, chain }) = entries.first() else {
        unreachable!("a segment begins with its head")
    };
    let path = folder.join(format!("{first_seq:020}.seg"));
    let mut segment = Segment::new(path, *first_seq, *chain);
    let mut content = vec![];
    for entry in entries {
        let bytes = segment::encode(entry).expect("heads and holes are small, records were written before");
        segment.note(entry, bytes.len() as u64);
        content.extend_from_slice(&bytes);
    }
    disk::replace(&segment.path, &content)?;
    Ok(segment)
}

/// Brings the file in order and takes stock of it; none when nothing is left.
fn repaired(path: &Path, scan: &Scan, repair: &Repair) -> Result<Option<Segment>, DiskError> {
    let Some((first_seq, chain)) = scan.head.filter(|_| *repair != Repair::Remove) else {
        disk::remove(path)?;
        return Ok(None);
    };
    let hole = match repair {
        Repair::Hole(hole) => Some(Entry::Hole(*hole)),
        _ => None,
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let head = Entry::Head { first_seq, chain };
    let entries: Vec<Entry> = std::iter::once(head).chain(scan.entries.iter().cloned()).chain(hole).collect();
    if *repair != Repair::None {
        return write(folder, &entries).map(Some);
    }
    let mut segment = Segment::new(path.to_owned(), first_seq, chain);
    for entry in &entries {
        segment.note(entry, segment::encode(entry).map_or(0, |bytes| bytes.len() as u64));
    }
    Ok(Some(segment))
}

fn segment_paths(folder: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let entries = std::fs::read_dir(folder).map_err(failed("list", folder))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    paths.sort();
    Ok(paths)
}

/// Appends bytes and makes them durable.
pub(super) fn append(file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
    file.write_all(bytes)?;
    file.sync_data()
}
