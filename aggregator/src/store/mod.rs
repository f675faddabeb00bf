//! What must survive, in two files with a writer each. One read side, three write doors:
//!
//! - [`Store::read`]: a consistent view; each noun is a read trait in its own file (`token`, `agent`, `check`, ...),
//!   and each of its functions takes a scope;
//! - [`Store::batch`]: what machines report, and where (agents' records, agents, placements), in the reports' file;
//! - [`Store::change`]: what people and the law do, always with its audit entry in the same transaction, in the law's file:
//!   it sees what was reported before it began, and never waits for a report;
//! - [`Store::upkeep`]: what the aggregator notes for itself (leases, keys, what is forgotten), in the law's file, with no
//!   audit entry.
//!
//! A noun is added as: a read trait here (`store/<noun>.rs`), its SQL in `sqlite/<noun>.rs` (`impl <Noun>Read for
//! View`, and writes as methods of its door's transaction), its tables in `migrations/sqlite/<file>/NNNN_<noun>.sql`
//! with a line in `sqlite/migrate.rs`. Keys are `(tenant, id)`. Database crates are used below this folder alone.

pub mod agent;
pub mod audit;
pub mod batch;
pub mod change;
pub mod check;
pub mod chunk;
pub mod decision;
mod error;
pub mod lease;
pub mod placement;
pub mod plugin;
pub mod release;
pub mod result;
mod sqlite;
#[cfg(test)]
mod tests;
pub mod token;

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::authz::TenantScope;
use change::{ChangeError, Recorded};
pub use error::StoreError;
pub use sqlite::{BatchTx, ChangeTx, UpkeepTx, View};
use sqlite::{Files, Readers, Writer};

/// Where the store is.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of its two files; it must exist.
    pub folder: PathBuf,
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    law: Writer,
    reports: Writer,
    readers: Arc<Readers>,
}

/// The threads of one file, to be spawned by the composition root.
pub struct FileThreads {
    /// Nothing is written before it runs.
    pub writer: WriterThread,
    /// Keeps the log short beside the writer. Without it the writer does that by itself, and slower.
    pub checkpoints: CheckpointThread,
}

/// The threads of the store.
pub struct Threads {
    /// For what people and the law do.
    pub law: FileThreads,
    /// For what machines report: long work, which gives way to the other's.
    pub reports: FileThreads,
}

/// A writer's own thread.
pub struct WriterThread(sqlite::WriterLoop);

/// A checkpointer's own thread.
pub struct CheckpointThread(sqlite::Checkpointer);

// === impl Store ===

impl Store {
    /// Opens the files, brings their tables up to date, and reads back that every commit is synced.
    ///
    /// # Errors
    /// A file is not usable, newer than this binary, without the other, or does not sync.
    pub fn open(config: &Config) -> Result<(Self, Threads), StoreError> {
        let files = Files::of(&config.folder);
        let [(law, law_writer, law_log), (reports, reports_writer, reports_log)] = sqlite::open(&files)?;
        let threads = |writer, log| FileThreads { writer: WriterThread(writer), checkpoints: CheckpointThread(log) };
        let threads = Threads { law: threads(law_writer, law_log), reports: threads(reports_writer, reports_log) };
        Ok((Self { law, reports, readers: Arc::new(Readers::new(files)) }, threads))
    }

    /// Reads from one consistent view, on a thread that may block.
    ///
    /// # Errors
    /// What `read` returns, or a store that cannot be read.
    pub async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&View<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        Arc::clone(&self.readers).read(read).await
    }

    /// Writes what machines report. All of `write` or nothing; answers once it is synced.
    ///
    /// # Errors
    /// What `write` returns, a full queue, or a store that has ended.
    pub async fn batch<T, F>(&self, write: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&BatchTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.reports.run(move |connection| write(&BatchTx::new(connection))).await?
    }

    /// Writes what the aggregator notes for itself. All of `write` or nothing; answers once it is synced.
    ///
    /// # Errors
    /// What `write` returns, a full queue, or a store that has ended.
    pub async fn upkeep<T, F>(&self, write: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&UpkeepTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.law.run(move |connection| write(&UpkeepTx::new(connection))).await?
    }

    /// Writes what a principal does, with its audit entry. All of `write` or nothing; answers once it is synced.
    /// `write` sees what is stored now, so a guard, a re-evaluation and the write are one transaction. `at_ms` is the
    /// instant of the entry, in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// `write`'s refusal, a full queue, or a store that has ended.
    pub async fn change<T, R, F>(&self, scope: &TenantScope, at_ms: i64, write: F) -> Result<T, ChangeError<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
        F: FnOnce(&ChangeTx<'_>) -> Result<Recorded<T>, ChangeError<R>> + Send + 'static,
    {
        let scope = scope.clone();
        let ended = self.law.run(move |connection| {
            let tx = ChangeTx::new(connection, &scope, at_ms);
            let Recorded { done, note } = write(&tx)?;
            if let Some(note) = note {
                tx.audit_append(note).map_err(ChangeError::Store)?;
            }
            Ok(done)
        });
        ended.await.map_err(ChangeError::Store)?
    }

    /// Ends the writers after `token` is cancelled and everything asked for before is written.
    ///
    /// # Errors
    /// Never; the type is that of a supervised task.
    pub async fn close_on(self, token: CancellationToken) -> Result<(), StoreError> {
        token.cancelled().await;
        self.reports.close();
        self.law.close();
        Ok(())
    }
}

// === impl Threads ===

#[cfg(test)]
impl Threads {
    /// Runs both writers; each ends with the last handle of its store.
    pub(crate) fn run_for_test(self) -> [std::thread::JoinHandle<Result<(), StoreError>>; 2] {
        [self.law, self.reports].map(|file| std::thread::spawn(move || file.writer.run()))
    }
}

// === impl WriterThread ===

impl WriterThread {
    /// Writes until the store is closed.
    ///
    /// # Errors
    /// A commit that was not synced: the process must end, because what it holds in memory may not be stored.
    pub fn run(self) -> Result<(), StoreError> {
        self.0.run()
    }
}

// === impl CheckpointThread ===

impl CheckpointThread {
    /// Copies until the writer has ended.
    ///
    /// # Errors
    /// Never; the type is that of a supervised thread. A copy that fails is logged and tried again.
    pub fn run(self) -> Result<(), StoreError> {
        self.0.run();
        Ok(())
    }
}
