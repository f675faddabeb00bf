//! Shell: what journeys made at their targets, durable on the node before the call that makes it: a `book` per check.
//! Called by the host; `run` asks what is left and has it cleaned up.

mod book;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use api::frame::LedgerNote;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use host::{BackendError, LedgerBackend, LedgerEntry, LedgerMark, Owner, charged};
use process::supervise::{blocking, chain};

use super::file_of;
use crate::disk::DiskError;
use book::{Book, Mark};

/// The ledgers of all checks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledgers {
    folder: PathBuf,
    books: Arc<Mutex<HashMap<Owner, Arc<Mutex<Book>>>>>,
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

/// The author reads that it failed, the operator why.
fn broken(error: &(dyn std::error::Error + 'static)) -> BackendError {
    tracing::error!(error = %chain(error), "the ledger of a journey cannot be used");
    BackendError::Failed("the node cannot keep the ledger now, nothing may be made".to_owned())
}

#[cfg(test)]
mod tests {
    use api::frame::LedgerState;
    use api::limits::LEDGER_ENTRIES_MAX;

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
