//! Shell: the store on SQLite: two files, each with one writer thread with group commit and one that checkpoints, and a few
//! connections that read both; every connection syncs each commit (`synchronous=FULL`). Used through `Store` alone.

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
mod pair;
mod placement;
mod plugin;
mod reader;
mod release;
mod result;
mod token;
mod upkeep;
mod writer;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ffi};

pub use batch::BatchTx;
pub use change::ChangeTx;
pub(super) use checkpoint::Checkpointer;
pub(super) use pair::Files;
pub(super) use reader::Readers;
pub use reader::View;
pub use upkeep::UpkeepTx;
pub(super) use writer::{Writer, WriterLoop};

use self::checkpoint::Gauge;
use super::StoreError;

/// How long a connection waits for another process (`token create` beside a server): longer than any group commit.
const BUSY: Duration = Duration::from_secs(5);
/// 16 MiB of pages a connection; the working set of 10,000 checks' last runs.
const CACHE_KIB: i64 = 16 * 1024;
/// The log file is cut back to this after a checkpoint, so that one burst does not keep its size for ever.
const JOURNAL_BYTES_MAX: i64 = 32 << 20;

/// Rows forgotten in one write: about 3 ms of it, which is what one may wait for.
const FORGOTTEN_ROWS_MAX: i64 = 256;

/// Where a file is written, and its threads.
pub(super) type Opened = (Writer, WriterLoop, Checkpointer);

/// Opens both files for their writers, the law's first; and once more for the checkpointers.
pub(super) fn open(files: &Files) -> Result<[Opened; 2], StoreError> {
    let (law, reports) = files.open()?;
    let opened = [opened(law, &files.law)?, opened(reports, &files.reports)?];
    let (law, reports) = (files.law.display(), files.reports.display());
    tracing::info!(%law, %reports, durability = "local", "store open, every commit is synced to this disk");
    Ok(opened)
}

fn opened(mut connection: Connection, file: &Path) -> Result<Opened, StoreError> {
    let gauge = Gauge::default();
    gauge.watch(&mut connection).map_err(failed("watch its log"))?;
    let checkpointer = Checkpointer::new(connect(file)?, gauge.clone());
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

/// Runs one prepared write; how many rows it touched.
fn rows(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    operation: &'static str,
) -> Result<usize, StoreError> {
    let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
    done.map_err(failed(operation))
}

/// As [`rows`], whatever it touched.
fn put(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    operation: &'static str,
) -> Result<(), StoreError> {
    rows(connection, sql, values, operation).map(drop)
}

/// Runs a delete of what is older than its first parameter, of as many rows as its second says. Whether there are more.
fn forget(connection: &Connection, sql: &str, before: i64, operation: &'static str) -> Result<bool, StoreError> {
    Ok(rows(connection, sql, [before, FORGOTTEN_ROWS_MAX], operation)? as i64 == FORGOTTEN_ROWS_MAX)
}
