//! Shell: one check's ledger: a line of JSON for each mark, synced before it counts; a torn last line is the mark that was
//! never answered for. Held by `ledger`, one at a time; it knows no other check.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use api::frame::{LedgerNote, LedgerState};
use api::limits::LEDGER_ENTRIES_MAX;
use host::{BackendError, LedgerEntry};
use serde::{Deserialize, Serialize};

use super::broken;
use crate::disk::{self, DiskError, failed};

/// Lines after which a file is written anew with what is open: three marks for each of five full ledgers.
const LINES_MAX: usize = 15 * LEDGER_ENTRIES_MAX;
/// That many lines of two keys of 128 bytes each, an id, and JSON around them; and one torn.
const FILE_BYTES_MAX: usize = (LINES_MAX + 2 * LEDGER_ENTRIES_MAX) * 1_024;

/// One check's ledger.
#[derive(Debug)]
pub(super) struct Book {
    path: PathBuf,
    /// Entries with an intent and no `cleaned`, oldest first.
    pub(super) open: Vec<LedgerEntry>,
    /// Entries marked since they were told last.
    touched: Vec<LedgerEntry>,
    lines: usize,
    /// Whether the file may end with a part of a line: what was appended to it would be lost with that part.
    is_torn: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    mark: Mark,
    run: String,
    kind: String,
    key: String,
    id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mark {
    Intent,
    Created,
    Cleaned,
}

// === impl Book ===

impl Book {
    /// Takes over what a process before left.
    pub(super) fn open(path: PathBuf) -> Result<Self, DiskError> {
        let mut book = Self::read(path)?;
        // What follows a torn line is lost with it.
        book.repair()?;
        // Whoever was killed told nobody.
        book.touched.clone_from(&book.open);
        Ok(book)
    }

    /// Reads a file. A torn last line was never answered for, so nothing was made after it.
    pub(super) fn read(path: PathBuf) -> Result<Self, DiskError> {
        let bytes = disk::read(&path, FILE_BYTES_MAX)?.unwrap_or_default();
        let mut book = Self { path, open: vec![], touched: vec![], lines: 0, is_torn: false };
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Line>(line) {
                Ok(Line { mark, run: _, kind, key, id }) => book.apply(mark, LedgerEntry { kind, key, id }),
                Err(error) => tracing::warn!(file = %book.path.display(), %error, "a line of a ledger is damaged"),
            }
        }
        book.is_torn = !bytes.is_empty();
        Ok(book)
    }

    pub(super) fn mark(&mut self, mark: Mark, run: String, entry: LedgerEntry) -> Result<(), BackendError> {
        let is_new = !self.open.iter().any(|open| is_same(open, &entry));
        if mark != Mark::Cleaned && is_new && self.open.len() >= LEDGER_ENTRIES_MAX {
            return Err(BackendError::Full(format!("{LEDGER_ENTRIES_MAX} objects are left at the target already")));
        }
        if mark == Mark::Cleaned && is_new {
            return Ok(());
        }
        let line = Line { mark, run, kind: entry.kind.clone(), key: entry.key.clone(), id: entry.id.clone() };
        self.repair().and_then(|()| self.append(&line)).map_err(|error| broken(&error))?;
        let known = self.open.iter().find(|open| is_same(open, &entry)).and_then(|open| open.id.clone());
        self.touched.retain(|touched| !is_same(touched, &entry));
        self.touched.push(LedgerEntry { id: entry.id.clone().or(known), ..entry.clone() });
        self.apply(mark, entry);
        if self.open.is_empty() || self.lines > LINES_MAX {
            self.rewrite().map_err(|error| broken(&error))?;
        }
        Ok(())
    }

    fn apply(&mut self, mark: Mark, entry: LedgerEntry) {
        let at = self.open.iter().position(|open| is_same(open, &entry));
        match (mark, at) {
            (Mark::Cleaned, Some(at)) => drop(self.open.remove(at)),
            (Mark::Cleaned, None) => {}
            (Mark::Intent | Mark::Created, Some(at)) => self.open[at].id = entry.id.or(self.open[at].id.take()),
            (Mark::Intent | Mark::Created, None) => self.open.push(entry),
        }
    }

    fn append(&mut self, line: &Line) -> Result<(), DiskError> {
        let folder = self.path.parent().expect("a file of a folder");
        if self.lines == 0 {
            disk::folder(folder)?;
        }
        let mut bytes = serde_json::to_vec(line).expect("strings have a JSON form");
        bytes.push(b'\n');
        let mut file = open_for_append(&self.path).map_err(failed("open", &self.path))?;
        self.is_torn = true;
        file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(failed("write", &self.path))?;
        self.is_torn = false;
        if self.lines == 0 {
            disk::sync_folder(folder)?;
        }
        self.lines += 1;
        Ok(())
    }

    /// Makes a file whole that a full disk or a kill has left torn.
    fn repair(&mut self) -> Result<(), DiskError> {
        if self.is_torn { self.rewrite() } else { Ok(()) }
    }

    /// Writes what is open, and nothing else.
    fn rewrite(&mut self) -> Result<(), DiskError> {
        if self.open.is_empty() {
            disk::remove(&self.path)?;
            (self.lines, self.is_torn) = (0, false);
            return Ok(());
        }
        let line = |entry: &LedgerEntry| {
            let LedgerEntry { kind, key, id } = entry.clone();
            let line = Line { mark: Mark::Created, run: String::new(), kind, key, id };
            let mut bytes = serde_json::to_vec(&line).expect("strings have a JSON form");
            bytes.push(b'\n');
            bytes
        };
        disk::replace(&self.path, &self.open.iter().flat_map(line).collect::<Vec<u8>>())?;
        (self.lines, self.is_torn) = (self.open.len(), false);
        Ok(())
    }

    pub(super) fn tell(&mut self) -> Vec<LedgerNote> {
        let open = &self.open;
        let note = |entry: LedgerEntry| {
            let is_open = open.iter().any(|open| is_same(open, &entry));
            let state = if is_open { LedgerState::Left } else { LedgerState::Cleaned };
            LedgerNote { kind: entry.kind, key: entry.key, id: entry.id, state }
        };
        std::mem::take(&mut self.touched).into_iter().map(note).collect()
    }
}

fn is_same(one: &LedgerEntry, other: &LedgerEntry) -> bool {
    (&one.kind, &one.key) == (&other.kind, &other.key)
}

fn open_for_append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}
