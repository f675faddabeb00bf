//! Shell: the store on SQLite. One writer thread with group commit, one that checkpoints, a few read connections; every
//! connection syncs each commit (`synchronous=FULL`). Used through `Store` alone.

mod agent;
mod audit;
mod batch;
mod change;
mod check;
mod checkpoint;
mod column;
mod decision;
mod fact;
mod lease;
mod migrate;
mod placement;
mod plugin;
mod queue;
mod reader;
mod release;
mod result;
mod token;
mod writer;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ffi};

pub use batch::BatchTx;
pub use change::ChangeTx;
pub(super) use checkpoint::Checkpointer;
pub(super) use queue::Lane;
pub(super) use reader::Readers;
pub use reader::View;
pub(super) use writer::{Writer, WriterLoop};

use self::checkpoint::Gauge;
use super::StoreError;

/// How long a connection waits for another process (`token create` beside a server): longer than any group commit.
const BUSY: Duration = Duration::from_secs(5);
/// 16 MiB of pages a connection; the working set of 10,000 checks' last runs.
const CACHE_KIB: i64 = 16 * 1024;
/// The log file is cut back to this after a checkpoint, so that one burst does not keep its size for ever.
const JOURNAL_BYTES_MAX: i64 = 64 << 20;

/// Opens the file for the writer, migrates it and proves its settings; and once more for the checkpointer.
pub(super) fn open_writer(file: &Path) -> Result<(Writer, WriterLoop, Checkpointer), StoreError> {
    let mut connection = connect(file)?;
    migrate::up(&mut connection)?;
    let gauge = Gauge::default();
    gauge.watch(&mut connection).map_err(failed("watch its log"))?;
    let checkpointer = Checkpointer::new(connect(file)?, gauge.clone());
    tracing::info!(store = %file.display(), durability = "local", "store open, every commit is synced to this disk");
    let (writer, thread) = writer::channel(connection, gauge);
    Ok((writer, thread, checkpointer))
}

/// Opens one connection with the settings that every connection has.
fn connect(file: &Path) -> Result<Connection, StoreError> {
    let name = file.display().to_string();
    let open = |source: rusqlite::Error| StoreError::Open { file: name.clone(), source: source.into() };
    let connection = Connection::open(file).map_err(open)?;
    connection.busy_timeout(BUSY).map_err(open)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(open)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(open)?;
    connection.pragma_update(None, "foreign_keys", "ON").map_err(open)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(open)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES_MAX).map_err(open)?;
    for (setting, wanted) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
        let found = connection.pragma_query_value(None, setting, |row| row.get::<_, rusqlite::types::Value>(0));
        let found = match found.map_err(open)? {
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Integer(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        if found != wanted {
            return Err(StoreError::Setting { file: name.clone(), setting, found, wanted });
        }
    }
    Ok(connection)
}

/// Names the operation of a failed statement, and tells a disk that takes nothing from one that is broken.
fn failed(operation: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| match source.sqlite_error() {
        Some(error) if takes_nothing(*error) => StoreError::Unwritable { operation, source: source.into() },
        _ => StoreError::Failed { operation, source: source.into() },
    }
}

/// No room, mounted read-only, or a write that was refused. SQLite has undone the transaction then, and nothing of it was
/// answered. A sync that failed is none of them: what the kernel dropped then, nobody knows.
fn takes_nothing(error: ffi::Error) -> bool {
    matches!(error.code, ffi::ErrorCode::DiskFull | ffi::ErrorCode::ReadOnly)
        || [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE].contains(&error.extended_code)
}
