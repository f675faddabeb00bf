//! Shell: the one thread that writes. It takes jobs that wait into one transaction (group commit), so that one sync pays
//! for many; each job has its own savepoint and fails alone. Answers leave after the commit is synced.

use std::sync::Arc;

use process::supervise::chain;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::super::StoreError;
use super::checkpoint::Gauge;
use super::failed;
use super::queue::{Lane, Queue, Refused};

/// Jobs in one transaction: the sync (1–5 ms) is spread thin at this number already, and a crash loses no answer.
const GROUP_JOBS_MAX: usize = 256;
/// Rows after which a group takes no more batches: one batch of results, about 2 ms of writing, and a sync of a MiB. A
/// change that comes meanwhile waits for that; larger groups bring hardly more a second. Small batches share a group.
const GROUP_ROWS_MAX: u64 = 256;

/// Sent once the group is synced.
type Answer = Box<dyn FnOnce() + Send>;
type Job = Box<dyn FnOnce(&mut Transaction<'_>) -> Result<Answer, StoreError> + Send>;

/// Where jobs are handed in. The thread ends when the last clone is gone.
#[derive(Clone)]
pub(in crate::store) struct Writer(Arc<Handle>);

struct Handle(Arc<Queue<Job>>);

/// The thread's body.
pub(in crate::store) struct WriterLoop {
    connection: Connection,
    jobs: Arc<Queue<Job>>,
    gauge: Gauge,
}

pub(super) fn channel(connection: Connection, gauge: Gauge) -> (Writer, WriterLoop) {
    let jobs = Arc::new(Queue::new());
    (Writer(Arc::new(Handle(Arc::clone(&jobs)))), WriterLoop { connection, jobs, gauge })
}

// === impl Writer ===

impl Writer {
    /// Runs `write` in one of the next groups. The inner error is `write`'s own, and nothing of it is stored.
    pub(in crate::store) async fn run<T, E, F>(&self, lane: Lane, write: F) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |group| {
            let mut savepoint = group.savepoint().map_err(failed("begin a write"))?;
            let ended = write(&savepoint);
            if ended.is_err() && savepoint.is_autocommit() {
                // SQLite has undone the whole transaction by itself, as it does when the disk takes nothing.
                return Err(StoreError::Undone);
            }
            if ended.is_err() {
                savepoint.rollback().map_err(failed("undo a write"))?;
            }
            savepoint.commit().map_err(failed("end a write"))?;
            // The asker may have left; what was written stays.
            Ok(Box::new(move || drop(sender.send(ended))) as Answer)
        });
        self.0.0.push(lane, job).map_err(|refused| match refused {
            Refused::Full => StoreError::Busy,
            Refused::Closed => StoreError::Closed,
        })?;
        receiver.await.map_err(|_| if self.0.0.is_closed() { StoreError::Closed } else { StoreError::Undone })
    }

    /// Ends the thread after everything handed in so far.
    pub(in crate::store) fn close(&self) {
        self.0.0.close();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

// === impl WriterLoop ===

impl WriterLoop {
    /// Writes until it is closed.
    pub(in crate::store) fn run(mut self) -> Result<(), StoreError> {
        while let Some(first) = self.jobs.first() {
            match self.write_group(first) {
                // Nobody of the group was answered, so nothing is lost that anybody counts on.
                Err(error @ (StoreError::Unwritable { .. } | StoreError::Undone)) => {
                    tracing::error!(
                        error = %chain(&error),
                        "nothing of the last writes is stored, whoever asked asks again; free room on the store's disk, or mount it writable"
                    );
                }
                written => written?,
            }
        }
        Ok(())
    }

    /// Writes one group: every change that waits, then batches until a change comes or it is full.
    fn write_group(&mut self, first: Job) -> Result<(), StoreError> {
        let before = self.connection.total_changes();
        let begin = failed("begin a transaction");
        let mut group = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(begin)?;
        let mut answers = vec![first(&mut group)?];
        while answers.len() < GROUP_JOBS_MAX
            && let Some(job) = self.jobs.next_change()
        {
            answers.push(job(&mut group)?);
        }
        // One batch at least, so that changes that never end do not starve them.
        while let Some(job) = self.jobs.next_batch() {
            answers.push(job(&mut group)?);
            let rows = group.total_changes() - before;
            if answers.len() >= GROUP_JOBS_MAX || rows >= GROUP_ROWS_MAX || self.jobs.has_change() {
                break;
            }
        }
        // A failed sync ends the process: what the kernel dropped cannot be written again.
        group.commit().map_err(failed("sync a commit"))?;
        for answer in answers {
            answer();
        }
        Ok(())
    }
}

impl Drop for WriterLoop {
    fn drop(&mut self) {
        // Whoever waits learns that nothing is written any more.
        self.jobs.abandon();
        self.gauge.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_is_lost_is_acknowledged_to_nobody_and_the_writer_goes_on() {
        let connection = Connection::open_in_memory().expect("memory");
        let (writer, thread) = channel(connection, Gauge::default());
        let thread = std::thread::spawn(move || thread.run());
        // What SQLite does by itself on a full disk or a failed write: the whole transaction is gone.
        let lost = writer.run(Lane::Batch, |connection| {
            connection.execute_batch("ROLLBACK")?;
            Err::<(), _>(rusqlite::Error::InvalidQuery)
        });
        let lost = lost.await;
        assert!(matches!(lost, Err(StoreError::Undone)), "{lost:?}");
        writer.run(Lane::Change, |_| Ok::<_, ()>(())).await.expect("goes on").expect("written");
        writer.close();
        thread.join().expect("no panic").expect("a good end");
    }

    #[tokio::test]
    async fn a_write_that_says_it_succeeded_in_a_lost_transaction_ends_the_writer() {
        let connection = Connection::open_in_memory().expect("memory");
        let (writer, thread) = channel(connection, Gauge::default());
        let thread = std::thread::spawn(move || thread.run());
        let lost = writer.run(Lane::Batch, |connection| connection.execute_batch("ROLLBACK")).await;
        assert!(lost.is_err(), "{lost:?}");
        assert!(matches!(thread.join().expect("no panic"), Err(StoreError::Failed { .. })));
        let after = writer.run(Lane::Change, |_| Ok::<_, ()>(())).await;
        assert!(matches!(after, Err(StoreError::Closed)));
    }
}
