//! Shell: pages go from the log into the database beside the writer, on a connection and a thread of their own, so that
//! no commit waits for them. Told by the writer's commits how long the log is. It never blocks a writer or a reader, and
//! under a load without a pause it never catches up with the writer quite: then the writer does the little that is left,
//! so that the log can begin anew.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use process::supervise::chain;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

/// So much of the log is copied at once, beside the writer: 4 MiB of pages. Others wait for the disk while it is synced, so
/// more at once makes a decision wait longer; less copies a page that is written often more often.
const PAGES_MIN: i32 = 1_024;
/// From here on the writer copies the rest, between two groups, and the log begins anew: 32 MiB of pages. Longer logs make
/// readers slower and take the disk; a shorter one stops the writer more often.
const PAGES_MAX: i32 = 8_192;

/// How long the log is, told by the writer and heard by the checkpointer.
#[derive(Clone, Debug, Default)]
pub(super) struct Gauge(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    log: Mutex<Log>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Log {
    /// Pages in it after the last commit.
    pages: i32,
    /// Pages of them that are in the database; all of them are copied before the log begins anew.
    copied: i32,
    /// Whether there was a commit since somebody last looked.
    told: bool,
    /// Whether the last copy failed.
    failing: bool,
    closed: bool,
}

/// The thread's body.
#[derive(Debug)]
pub(in crate::store) struct Checkpointer {
    connection: Connection,
    gauge: Gauge,
}

// === impl Gauge ===

impl Gauge {
    /// Makes a connection tell after each commit how long the log is, in place of SQLite's own checkpoint there.
    pub(super) fn watch(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let gauge = self.clone();
        connection.wal_hook(Some(move |log: &mut Wal, pages| {
            if pages >= PAGES_MAX {
                gauge.copied(log.checkpoint_v2(CheckpointMode::PASSIVE));
            } else {
                gauge.tell(pages);
            }
            Ok(())
        }))
    }

    /// Ends the checkpointer.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.0.changed.notify_all();
    }

    fn tell(&self, pages: i32) {
        let mut log = self.lock();
        if pages < log.pages {
            log.copied = 0;
        }
        log.pages = pages;
        log.told = true;
        if log.waiting() {
            self.0.changed.notify_all();
        }
    }

    /// Whether there is something to copy; waits until there is. False once it is closed.
    fn wait(&self) -> bool {
        let idle = |log: &mut Log| !log.waiting() && !log.closed;
        let mut log = self.0.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        log.told = false;
        !log.closed
    }

    /// A copy that failed is tried again with the next commits: the log keeps what was not copied, and nothing is lost.
    /// It is told once, and again when it works: under load there are hundreds of tries a second.
    fn copied(&self, ended: rusqlite::Result<(i32, i32)>) {
        let failed = match &ended {
            // The other one of writer and checkpointer is at it.
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => return,
            ended => ended.is_err(),
        };
        let mut log = self.lock();
        if let Ok((_, copied)) = ended {
            log.copied = copied.min(log.pages);
        }
        let was = std::mem::replace(&mut log.failing, failed);
        drop(log);
        match ended {
            Err(error) if !was => tracing::error!(
                error = %chain(&error),
                "the store's log is not copied into its database: nothing is lost, and the log grows until it is; free room on the store's disk, or mount it writable"
            ),
            Ok(_) if was => tracing::info!("the store's log is copied into its database again"),
            _ => {}
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Log ===

impl Log {
    /// Whether enough is not copied yet. What could not be copied is tried again after the next commit.
    fn waiting(&self) -> bool {
        self.told && self.pages - self.copied >= PAGES_MIN
    }
}

// === impl Checkpointer ===

impl Checkpointer {
    pub(super) fn new(connection: Connection, gauge: Gauge) -> Self {
        Self { connection, gauge }
    }

    /// Copies whenever there is enough, until the writer has ended.
    pub(in crate::store) fn run(self) {
        while self.gauge.wait() {
            self.gauge.copied(self.connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;

    const MIB: u64 = 1 << 20;

    fn connected(file: &Path) -> (Connection, Gauge) {
        let mut connection = super::super::connect(file).expect("opened");
        let gauge = Gauge::default();
        gauge.watch(&mut connection).expect("watched");
        connection.execute_batch("CREATE TABLE blob (bytes BLOB NOT NULL)").expect("made");
        (connection, gauge)
    }

    fn fill(connection: &Connection, mib: u64) {
        for _ in 0..mib {
            connection.execute("INSERT INTO blob VALUES (zeroblob(1 << 20))", []).expect("written");
        }
    }

    fn bytes(file: &Path, end: &str) -> u64 {
        std::fs::metadata(format!("{}{end}", file.display())).expect("there").len()
    }

    #[test]
    fn the_log_is_copied_beside_the_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("db");
        let (connection, gauge) = connected(&file);
        let beside = Checkpointer::new(super::super::connect(&file).expect("opened"), gauge.clone());
        let thread = std::thread::spawn(move || beside.run());
        fill(&connection, 8);
        let patience = Instant::now() + Duration::from_secs(60);
        while bytes(&file, "") < 4 * MIB {
            assert!(Instant::now() < patience, "{} bytes", bytes(&file, ""));
            std::thread::sleep(Duration::from_millis(10));
        }
        gauge.close();
        thread.join().expect("ends");
    }

    #[test]
    fn a_copy_that_failed_is_told_until_one_works() {
        let gauge = Gauge::default();
        let failure = |code| Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        let failing = || gauge.lock().failing;
        gauge.copied(failure(rusqlite::ffi::SQLITE_FULL));
        assert!(failing());
        gauge.copied(failure(rusqlite::ffi::SQLITE_BUSY));
        assert!(failing(), "busy says nothing of the disk");
        gauge.copied(Ok((1, 1)));
        assert!(!failing());
    }

    #[test]
    fn what_is_copied_already_is_not_copied_again() {
        let gauge = Gauge::default();
        let waiting = || gauge.lock().waiting();
        gauge.tell(PAGES_MIN - 1);
        assert!(!waiting());
        gauge.tell(PAGES_MIN);
        assert!(waiting() && gauge.wait());
        assert!(!waiting(), "somebody is at it");
        gauge.copied(Ok((PAGES_MIN, PAGES_MIN)));
        gauge.tell(2 * PAGES_MIN - 1);
        assert!(!waiting(), "most of it is copied");
        gauge.tell(2 * PAGES_MIN);
        assert!(waiting());
        // The log begins anew: nothing of it is copied.
        gauge.tell(1);
        gauge.tell(PAGES_MIN);
        assert!(waiting() && gauge.wait());
        let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        gauge.copied(Err(rusqlite::Error::SqliteFailure(full, None)));
        assert!(!waiting(), "tried again with the next commit, not before");
        gauge.tell(PAGES_MIN + 1);
        assert!(waiting());
    }

    #[test]
    fn a_log_that_nobody_copies_is_begun_anew_by_the_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("db");
        let (connection, _) = connected(&file);
        fill(&connection, 28);
        assert!(bytes(&file, "") < MIB, "SQLite's own checkpoint is off");
        fill(&connection, 28);
        assert!(bytes(&file, "-wal") < 36 * MIB, "{} bytes", bytes(&file, "-wal"));
        assert!(bytes(&file, "") >= 28 * MIB, "{} bytes", bytes(&file, ""));
    }
}
