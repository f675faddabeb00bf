//! What must survive. One read side, two write doors:
//!
//! - [`Store::read`]: a consistent view; each noun is a read trait in its own file (`token`, `agent`, `check`, ...),
//!   and each of its functions takes a scope;
//! - [`Store::batch`]: what machines report (agents' records, placements, leases); no audit entry;
//! - [`Store::change`]: what people and the law do; always with its audit entry, in the same transaction, and always
//!   before batches that wait, so that no decision stands behind ingest.
//!
//! A noun is added as: a read trait here (`store/<noun>.rs`), its SQL in `sqlite/<noun>.rs` (`impl <Noun>Read for
//! View`, and writes as methods of `ChangeTx` or `BatchTx`), its tables in `migrations/sqlite/NNNN_<noun>.sql` with a
//! line in `sqlite/migrate.rs`. Keys are `(tenant, id)`. Database crates are used below this folder alone.

pub mod agent;
pub mod audit;
pub mod batch;
pub mod change;
pub mod check;
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
pub use sqlite::{BatchTx, ChangeTx, View};
use sqlite::{Lane, Readers, Writer};

/// Where the store is.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database file; its folder must exist.
    pub file: PathBuf,
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Writer,
    readers: Arc<Readers>,
}

/// The writer's own thread, to be spawned by the composition root. Nothing is written before it runs.
pub struct WriterThread(sqlite::WriterLoop);

/// The thread that keeps the log short beside the writer. Without it the writer does that by itself, and slower.
pub struct CheckpointThread(sqlite::Checkpointer);

// === impl Store ===

impl Store {
    /// Opens the file, brings its tables up to date, and reads back that every commit is synced.
    ///
    /// # Errors
    /// The file is not usable, newer than this binary, or does not sync.
    pub fn open(config: &Config) -> Result<(Self, WriterThread, CheckpointThread), StoreError> {
        let (writer, thread, checkpointer) = sqlite::open_writer(&config.file)?;
        let readers = Arc::new(Readers::new(config.file.clone()));
        Ok((Self { writer, readers }, WriterThread(thread), CheckpointThread(checkpointer)))
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
        self.writer.run(Lane::Batch, move |connection| write(&BatchTx::new(connection))).await?
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
        let ended = self.writer.run(Lane::Change, move |connection| {
            let tx = ChangeTx::new(connection, &scope, at_ms);
            let Recorded { done, note } = write(&tx)?;
            if let Some(note) = note {
                tx.audit_append(note).map_err(ChangeError::Store)?;
            }
            Ok(done)
        });
        ended.await.map_err(ChangeError::Store)?
    }

    /// Ends the writer after `token` is cancelled and everything asked for before is written.
    ///
    /// # Errors
    /// Never; the type is that of a supervised task.
    pub async fn close_on(self, token: CancellationToken) -> Result<(), StoreError> {
        token.cancelled().await;
        self.writer.close();
        Ok(())
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
