//! Shell: what journeys made at their targets, durable on the node before the call that makes it. A file per check:
//! a line of JSON for each mark, synced. Called by the host; `run` asks what is left and has it cleaned up.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use api::frame::{LedgerNote, LedgerState};
use api::limits::LEDGER_ENTRIES_MAX;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use host::{BackendError, LedgerBackend, LedgerEntry, LedgerMark, Owner, charged};
use process::supervise::{blocking, chain};
use serde::{Deserialize, Serialize};

use super::file_of;
use crate::disk::{self, DiskError, failed};

/// Lines after which a file is written anew with what is open: three marks for each of five full ledgers.
const LINES_MAX: usize = 15 * LEDGER_ENTRIES_MAX;
/// That many lines of two keys of 128 bytes each, an id, and JSON around them; and one torn.
const FILE_BYTES_MAX: usize = (LINES_MAX + 2 * LEDGER_ENTRIES_MAX) * 1_024;

/// The ledgers of all checks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledgers {
    folder: PathBuf,
    books: Arc<Mutex<HashMap<Owner, Arc<Mutex<Book>>>>>,
}

/// One check's ledger.
#[derive(Debug)]
struct Book {
    path: PathBuf,
    /// Entries with an intent and no `cleaned`, oldest first.
    open: Vec<LedgerEntry>,
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
enum Mark {
    Intent,
    Created,
    Cleaned,
}

// === impl Ledgers ===

impl Ledgers {
    /// Ledgers below a folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, books: Arc::default() }
    }

    /// What a check has left at its target, oldest first.
    ///
    /// # Errors
    /// The disk refuses to say; then nothing may be made.
    pub async fn left(&self, owner: &Owner) -> Result<Vec<LedgerEntry>, BackendError> {
        self.with(owner, |book| Ok(book.open.clone())).await
    }

    /// What was marked since it was told last, and where each of it stands now.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn tell(&self, owner: &Owner) -> Result<Vec<LedgerNote>, BackendError> {
        self.with(owner, |book| Ok(book.tell())).await
    }

    /// What a file of a check that is not here says it left; nothing of it is changed.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn read(&self, path: &Path) -> Result<Vec<LedgerEntry>, BackendError> {
        let path = path.to_owned();
        let read = move || Book::read(path).map(|book| book.open).map_err(|error| broken(&error));
        blocking("ledger", read).await.unwrap_or_else(|error| Err(broken(&error)))
    }

    fn with<'a, T: Send + 'static>(
        &'a self,
        owner: &'a Owner,
        act: impl FnOnce(&mut Book) -> Result<T, BackendError> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, BackendError>> {
        let (this, owner) = (self.clone(), owner.clone());
        let work = move || {
            let book = this.book(&owner).map_err(|error| broken(&error))?;
            let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
            act(&mut book)
        };
        let work = charged(work);
        async { blocking("ledger", work).await.unwrap_or_else(|error| Err(broken(&error))) }.boxed()
    }

    fn book(&self, owner: &Owner) -> Result<Arc<Mutex<Book>>, DiskError> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(book) = books.get(owner) {
            return Ok(Arc::clone(book));
        }
        let book = Arc::new(Mutex::new(Book::open(file_of(&self.folder, owner))?));
        books.insert(owner.clone(), Arc::clone(&book));
        Ok(book)
    }
}

impl LedgerBackend for Ledgers {
    fn mark<'a>(
        &'a self,
        owner: &'a Owner,
        run_id: &'a str,
        mark: LedgerMark,
        entry: LedgerEntry,
    ) -> BoxFuture<'a, Result<(), BackendError>> {
        let mark = match mark {
            LedgerMark::Intent => Mark::Intent,
            LedgerMark::Created => Mark::Created,
            LedgerMark::Cleaned => Mark::Cleaned,
        };
        let run = run_id.to_owned();
        self.with(owner, move |book| book.mark(mark, run, entry))
    }
}

// === impl Book ===

impl Book {
    /// Takes over what a process before left.
    fn open(path: PathBuf) -> Result<Self, DiskError> {
        let mut book = Self::read(path)?;
        // What follows a torn line is lost with it.
        book.repair()?;
        // Whoever was killed told nobody.
        book.touched.clone_from(&book.open);
        Ok(book)
    }

    /// Reads a file. A torn last line was never answered for, so nothing was made after it.
    fn read(path: PathBuf) -> Result<Self, DiskError> {
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

    fn mark(&mut self, mark: Mark, run: String, entry: LedgerEntry) -> Result<(), BackendError> {
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

    fn tell(&mut self) -> Vec<LedgerNote> {
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

/// The author reads that it failed, the operator why.
fn broken(error: &(dyn std::error::Error + 'static)) -> BackendError {
    tracing::error!(error = %chain(error), "the ledger of a journey cannot be used");
    BackendError::Failed("the node cannot keep the ledger now, nothing may be made".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { tenant: "acme".to_owned(), check: "check".to_owned() }
    }

    fn entry(key: &str, id: Option<&str>) -> LedgerEntry {
        LedgerEntry { kind: "sale.order".to_owned(), key: key.to_owned(), id: id.map(str::to_owned) }
    }

    async fn mark(ledgers: &Ledgers, mark: LedgerMark, entry: LedgerEntry) -> Result<(), BackendError> {
        ledgers.mark(&owner(), "run", mark, entry).await
    }

    #[tokio::test]
    async fn what_a_killed_process_made_is_known_to_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledgers = Ledgers::new(folder.path().to_owned());
        mark(&ledgers, LedgerMark::Intent, entry("a", None)).await.expect("marks");
        mark(&ledgers, LedgerMark::Created, entry("a", Some("7"))).await.expect("marks");
        mark(&ledgers, LedgerMark::Intent, entry("b", None)).await.expect("marks");
        mark(&ledgers, LedgerMark::Intent, entry("c", None)).await.expect("marks");
        mark(&ledgers, LedgerMark::Cleaned, entry("c", None)).await.expect("marks");
        let next = Ledgers::new(folder.path().to_owned());
        assert_eq!(next.left(&owner()).await.expect("reads"), [entry("a", Some("7")), entry("b", None)]);
        mark(&next, LedgerMark::Cleaned, entry("a", None)).await.expect("marks");
        mark(&next, LedgerMark::Cleaned, entry("b", None)).await.expect("marks");
        assert_eq!(next.left(&owner()).await.expect("reads"), []);
        assert!(!file_of(folder.path(), &owner()).exists(), "an empty ledger has no file");
    }

    #[tokio::test]
    async fn a_torn_line_is_the_mark_that_was_never_answered() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledgers = Ledgers::new(folder.path().to_owned());
        mark(&ledgers, LedgerMark::Intent, entry("a", None)).await.expect("marks");
        let path = file_of(folder.path(), &owner());
        let mut bytes = std::fs::read(&path).expect("reads");
        bytes.extend_from_slice(br#"{"mark":"intent","run":"r","ki"#);
        std::fs::write(&path, bytes).expect("writes");
        let next = Ledgers::new(folder.path().to_owned());
        assert_eq!(next.left(&owner()).await.expect("reads"), [entry("a", None)]);
        mark(&next, LedgerMark::Intent, entry("b", None)).await.expect("marks");
        let after = Ledgers::new(folder.path().to_owned());
        assert_eq!(after.left(&owner()).await.expect("reads"), [entry("a", None), entry("b", None)]);
    }

    #[tokio::test]
    async fn a_full_disk_refuses_a_mark_and_loses_none_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledgers = Ledgers::new(folder.path().to_owned());
        mark(&ledgers, LedgerMark::Intent, entry("a", None)).await.expect("marks");
        let path = file_of(folder.path(), &owner());
        std::fs::remove_file(&path).expect("removes");
        std::os::unix::fs::symlink("/dev/full", &path).expect("links");
        let refused = mark(&ledgers, LedgerMark::Intent, entry("b", None)).await;
        assert!(matches!(refused, Err(BackendError::Failed(_))));
        // Room again, and the part of a line that did get there.
        std::fs::remove_file(&path).expect("removes");
        std::fs::write(&path, br#"{"mark":"intent","ru"#).expect("writes");
        mark(&ledgers, LedgerMark::Intent, entry("c", None)).await.expect("marks");
        let next = Ledgers::new(folder.path().to_owned());
        assert_eq!(next.left(&owner()).await.expect("reads"), [entry("a", None), entry("c", None)]);
    }

    #[tokio::test]
    async fn what_a_killed_process_told_nobody_the_next_one_tells() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledgers = Ledgers::new(folder.path().to_owned());
        mark(&ledgers, LedgerMark::Created, entry("a", Some("7"))).await.expect("marks");
        let next = Ledgers::new(folder.path().to_owned());
        let told = next.tell(&owner()).await.expect("tells");
        let left =
            LedgerNote { kind: "sale.order".into(), key: "a".into(), id: Some("7".into()), state: LedgerState::Left };
        assert_eq!(told, [left]);
        assert_eq!(next.tell(&owner()).await.expect("tells"), []);
    }

    #[tokio::test]
    async fn each_object_is_told_once_with_where_it_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledgers = Ledgers::new(folder.path().to_owned());
        mark(&ledgers, LedgerMark::Intent, entry("a", None)).await.expect("marks");
        mark(&ledgers, LedgerMark::Intent, entry("b", None)).await.expect("marks");
        mark(&ledgers, LedgerMark::Cleaned, entry("a", None)).await.expect("marks");
        let told = ledgers.tell(&owner()).await.expect("tells");
        let states: Vec<_> = told.iter().map(|note| (note.key.as_str(), note.state)).collect();
        assert_eq!(states, [("b", LedgerState::Left), ("a", LedgerState::Cleaned)]);
        assert_eq!(ledgers.tell(&owner()).await.expect("tells"), []);
    }

    #[tokio::test]
    async fn a_journey_gone_wild_is_stopped() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledgers = Ledgers::new(folder.path().to_owned());
        for key in 0..LEDGER_ENTRIES_MAX {
            mark(&ledgers, LedgerMark::Intent, entry(&key.to_string(), None)).await.expect("marks");
        }
        let over = mark(&ledgers, LedgerMark::Intent, entry("one more", None)).await;
        assert!(matches!(over, Err(BackendError::Full(_))));
    }
}
