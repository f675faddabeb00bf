//! The bytes of one file of `Tree`: what a process reads, and what a sync has put where a power cut cannot reach it.
//! Pure.

use std::ops::Range;

/// A device writes a sector whole or not at all.
const SECTOR_BYTES: usize = 512;

/// What is read now, what is safe, and where they differ.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    live: Vec<u8>,
    safe: Vec<u8>,
    /// Written since the last sync; may overlap.
    dirty: Vec<Range<usize>>,
    /// The shortest it was since the last sync: what lay beyond is no longer the file's.
    shortest: usize,
}

// === impl Bytes ===

impl Bytes {
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    pub(super) fn read(&self, offset: usize, bytes: usize) -> &[u8] {
        let from = offset.min(self.live.len());
        &self.live[from..offset.saturating_add(bytes).min(self.live.len())]
    }

    pub(super) fn write(&mut self, offset: usize, data: &[u8]) {
        let (before, end) = (self.live.len(), offset + data.len());
        if before < end {
            self.resize(end);
        }
        self.live[offset..end].copy_from_slice(data);
        // What lies beyond the old end is noted with the new length.
        if offset < before {
            self.note(offset..end.min(before));
        }
    }

    pub(super) fn resize(&mut self, bytes: usize) {
        let before = self.live.len();
        self.live.resize(bytes, 0);
        self.shortest = self.shortest.min(bytes);
        if before < bytes {
            self.note(before..bytes);
        }
    }

    /// From here on it survives.
    pub(super) fn sync(&mut self) {
        self.safe.truncate(self.shortest);
        self.safe.resize(self.live.len(), 0);
        for range in self.dirty.drain(..) {
            let range = range.start.min(self.live.len())..range.end.min(self.live.len());
            self.safe[range.clone()].copy_from_slice(&self.live[range]);
        }
        self.shortest = self.live.len();
    }

    /// The power is back: what was not synced is gone, but for the sectors that `keeps` says a device had written all the
    /// same; it is asked for the new length too.
    pub(super) fn cut(&mut self, mut keeps: impl FnMut() -> bool) {
        let synced = self.safe.clone();
        let length = if keeps() { self.live.len() } else { synced.len() };
        self.safe.resize(length, 0);
        for range in std::mem::take(&mut self.dirty) {
            let mut from = range.start - range.start % SECTOR_BYTES;
            while from < range.end.min(length) {
                let to = (from + SECTOR_BYTES).min(length).min(self.live.len());
                if from < to && keeps() {
                    self.safe[from..to].copy_from_slice(&self.live[from..to]);
                }
                from += SECTOR_BYTES;
            }
        }
        self.live = self.safe.clone();
        self.shortest = self.live.len();
    }

    fn note(&mut self, range: Range<usize>) {
        // Appends, the usual case, stay one range.
        match self.dirty.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.dirty.push(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(synced: &[u8]) -> Bytes {
        let mut file = Bytes::default();
        file.write(0, synced);
        file.sync();
        file
    }

    #[test]
    fn only_what_was_synced_survives() {
        let mut kept = file(b"kept");
        kept.write(2, b"lost more");
        assert_eq!(kept.read(0, 20), b"kelost more");
        kept.cut(|| false);
        assert_eq!(kept.read(0, 20), b"kept");
        kept.resize(0);
        kept.write(0, b"new");
        kept.sync();
        kept.cut(|| false);
        assert_eq!(kept.read(0, 20), b"new", "a file cut short and written again");
        kept.resize(1);
        kept.cut(|| false);
        assert_eq!(kept.read(0, 20), b"new", "a cut that was not synced");
    }

    #[test]
    fn a_device_may_have_written_any_sectors_of_what_was_not_synced() {
        let mut torn = file(&[1; SECTOR_BYTES]);
        torn.write(SECTOR_BYTES, &[2; 2 * SECTOR_BYTES]);
        let mut answers = [true, false, true].into_iter();
        torn.cut(|| answers.next().expect("the length and two sectors"));
        let expected = [[1; SECTOR_BYTES], [0; SECTOR_BYTES], [2; SECTOR_BYTES]].concat();
        assert_eq!(torn.read(0, 4 * SECTOR_BYTES), expected);
        torn.cut(|| false);
        assert_eq!(torn.read(0, 4 * SECTOR_BYTES), expected, "what is on the device now is what was there at the cut");
    }
}
