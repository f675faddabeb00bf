//! Shell: the one thread that writes a file. It takes jobs that wait into one transaction (group commit), so that one sync
//! pays for many; each job has its own savepoint and fails alone. Answers leave after the commit is synced.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use process::supervise::chain;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::super::StoreError;
use super::checkpoint::Gauge;
use super::failed;

/// Jobs in one transaction: the sync is spread thin at this number already, and a crash loses no answer.
const GROUP_JOBS_MAX: usize = 256;
/// Rows after which a group takes no more jobs: four batches of results, about 8 ms of writing. They touch the same pages of
/// the indexes, so a larger group writes less for each; an answer waits for one group at most.
const GROUP_ROWS_MAX: u64 = 1_024;
/// Jobs that may wait: 24 frames under way (`http/frames`) of 16 batches each, and tasks are a handful; changes at 1 ms
/// each are half a second. Beyond it the answer is busy.
const JOBS_WAITING_MAX: usize = 512;

/// Sent once the group is synced.
type Answer = Box<dyn FnOnce() + Send>;
type Job = Box<dyn FnOnce(&mut Transaction<'_>) -> Result<Answer, StoreError> + Send>;

/// Where jobs are handed in. The thread ends when the last clone is gone.
#[derive(Clone)]
pub(in crate::store) struct Writer(Arc<Door>);

struct Door {
    /// None once it is closed.
    jobs: Mutex<Option<SyncSender<Job>>>,
    ended: Arc<AtomicBool>,
}

/// The thread's body.
pub(in crate::store) struct WriterLoop {
    connection: Connection,
    jobs: Receiver<Job>,
    ended: Arc<AtomicBool>,
    gauge: Gauge,
}

pub(super) fn channel(connection: Connection, gauge: Gauge) -> (Writer, WriterLoop) {
    let (sender, jobs) = sync_channel(JOBS_WAITING_MAX);
    let ended = Arc::new(AtomicBool::new(false));
    let door = Door { jobs: Mutex::new(Some(sender)), ended: Arc::clone(&ended) };
    (Writer(Arc::new(door)), WriterLoop { connection, jobs, ended, gauge })
}

// === impl Writer ===

impl Writer {
    /// Runs `write` in one of the next groups. The inner error is `write`'s own, and nothing of it is stored.
    pub(in crate::store) async fn run<T, E, F>(&self, write: F) -> Result<Result<T, E>, StoreError>
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
        self.0.hand_in(job)?;
        let ended = |_| if self.0.ended.load(Ordering::Acquire) { StoreError::Closed } else { StoreError::Undone };
        receiver.await.map_err(ended)
    }

    /// Ends the thread after everything handed in so far.
    pub(in crate::store) fn close(&self) {
        self.0.lock().take();
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

// === impl Door ===

impl Door {
    fn hand_in(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.lock();
        let jobs = jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<SyncSender<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl WriterLoop ===

impl WriterLoop {
    /// Writes until it is closed.
    pub(in crate::store) fn run(mut self) -> Result<(), StoreError> {
        while let Ok(first) = self.jobs.recv() {
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

    /// Writes one group: what waits, until it is full.
    fn write_group(&mut self, first: Job) -> Result<(), StoreError> {
        let before = self.connection.total_changes();
        let begin = failed("begin a transaction");
        let mut group = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(begin)?;
        let mut answers = vec![first(&mut group)?];
        while answers.len() < GROUP_JOBS_MAX
            && group.total_changes() - before < GROUP_ROWS_MAX
            && let Ok(job) = self.jobs.try_recv()
        {
            answers.push(job(&mut group)?);
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
        // Whoever waits learns that nothing is written any more: said before the jobs are dropped.
        self.ended.store(true, Ordering::Release);
        self.gauge.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (Writer, std::thread::JoinHandle<Result<(), StoreError>>) {
        let connection = Connection::open_in_memory().expect("memory");
        let (writer, thread) = channel(connection, Gauge::default());
        (writer, std::thread::spawn(move || thread.run()))
    }

    #[tokio::test]
    async fn a_transaction_that_is_lost_is_acknowledged_to_nobody_and_the_writer_goes_on() {
        let (writer, thread) = started();
        // What SQLite does by itself on a full disk or a failed write: the whole transaction is gone.
        let lost = writer.run(|connection| {
            connection.execute_batch("ROLLBACK")?;
            Err::<(), _>(rusqlite::Error::InvalidQuery)
        });
        let lost = lost.await;
        assert!(matches!(lost, Err(StoreError::Undone)), "{lost:?}");
        writer.run(|_| Ok::<_, ()>(())).await.expect("goes on").expect("written");
        writer.close();
        thread.join().expect("no panic").expect("a good end");
    }

    #[tokio::test]
    async fn a_write_that_says_it_succeeded_in_a_lost_transaction_ends_the_writer() {
        let (writer, thread) = started();
        let lost = writer.run(|connection| connection.execute_batch("ROLLBACK")).await;
        assert!(lost.is_err(), "{lost:?}");
        assert!(matches!(thread.join().expect("no panic"), Err(StoreError::Failed { .. })));
        let after = writer.run(|_| Ok::<_, ()>(())).await;
        assert!(matches!(after, Err(StoreError::Closed)));
    }

    #[tokio::test]
    async fn what_is_too_much_is_refused_and_what_waits_when_it_is_closed_is_written() {
        let connection = Connection::open_in_memory().expect("memory");
        let (writer, thread) = channel(connection, Gauge::default());
        let mut waiting = futures_util::stream::FuturesUnordered::new();
        for _ in 0..JOBS_WAITING_MAX {
            waiting.push(Box::pin(writer.run(|_| Ok::<_, ()>(()))));
        }
        // Each hands its job in when it is first asked, and nobody writes yet.
        assert!(futures_util::poll!(futures_util::StreamExt::next(&mut waiting)).is_pending());
        let refused = writer.run(|_| Ok::<_, ()>(())).await;
        assert!(matches!(refused, Err(StoreError::Busy)));
        writer.close();
        let refused = writer.run(|_| Ok::<_, ()>(())).await;
        assert!(matches!(refused, Err(StoreError::Closed)));
        thread.run().expect("a good end");
        let mut written = 0;
        while let Some(ended) = futures_util::StreamExt::next(&mut waiting).await {
            ended.expect("handed in before").expect("written");
            written += 1;
        }
        assert_eq!(written, JOBS_WAITING_MAX);
    }

    #[tokio::test]
    async fn what_waits_for_a_writer_that_is_gone_learns_it() {
        let connection = Connection::open_in_memory().expect("memory");
        let (writer, thread) = channel(connection, Gauge::default());
        let waiting = writer.run(|_| Ok::<_, ()>(()));
        let mut waiting = std::pin::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        drop(thread);
        assert!(matches!(waiting.await, Err(StoreError::Closed)));
    }
}
