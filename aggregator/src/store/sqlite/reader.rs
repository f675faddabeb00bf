//! Shell: the read side: a few connections, each used by one reader at a time, on threads that may block. A view is
//! one read transaction, so what several queries of one file return fits together; the reports' may be newer than the law.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Semaphore;

use super::super::StoreError;
use super::{Files, failed};

/// Readers at a time: two a core on the smallest machine we name; more only wait for the same disk.
const READERS_MAX: usize = 4;

/// A consistent view. Read traits of the nouns are implemented on it.
#[derive(Debug)]
pub struct View<'c> {
    pub(super) connection: &'c Connection,
}

/// The connections.
#[derive(Debug)]
pub(in crate::store) struct Readers {
    files: Files,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(in crate::store) fn new(files: Files) -> Self {
        Self { files, permits: Semaphore::new(READERS_MAX), idle: Mutex::new(vec![]) }
    }

    pub(in crate::store) async fn read<T, F>(self: Arc<Self>, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&View<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let readers = Arc::clone(&self);
        let ended = process::supervise::blocking("store read", move || readers.read_blocking(read)).await;
        ended.map_err(|panic| StoreError::Failed { operation: "read", source: panic.into() })?
    }

    fn read_blocking<T>(&self, read: impl FnOnce(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut connection = match self.idle().pop() {
            Some(connection) => connection,
            None => self.files.reader()?,
        };
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(failed("begin a read"))?;
        let ended = read(&View { connection: &transaction });
        transaction.finish().map_err(failed("end a read"))?;
        // A connection whose reader panicked never comes back here: the next one is opened anew.
        self.idle().push(connection);
        ended
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
