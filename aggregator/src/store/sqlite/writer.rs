//! Shell: the one thread that writes. It takes all jobs that wait into one transaction (group commit), so that one
//! sync pays for many; each job has its own savepoint and fails alone. Answers leave after the commit is synced.

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::super::StoreError;
use super::failed;

/// Jobs that may wait. Frames hold permits of their own (`http/frames`), so this is for people's changes and tasks:
/// at 1 ms a job the last one waits a second.
const JOBS_WAITING_MAX: usize = 1_024;
/// Jobs in one transaction: the sync (1–5 ms) is spread thin at this number already, and a crash loses no answer.
const GROUP_JOBS_MAX: usize = 256;

/// Sent once the group is synced.
type Answer = Box<dyn FnOnce() + Send>;
type Job = Box<dyn FnOnce(&mut Transaction<'_>) -> Result<Answer, StoreError> + Send>;

enum Order {
    Write(Job),
    Stop,
}

/// Where jobs are handed in.
#[derive(Clone, Debug)]
pub(in crate::store) struct Writer {
    orders: mpsc::Sender<Order>,
}

/// The thread's body.
#[derive(Debug)]
pub(in crate::store) struct WriterLoop {
    connection: Connection,
    orders: mpsc::Receiver<Order>,
}

pub(super) fn channel(connection: Connection) -> (Writer, WriterLoop) {
    let (sender, receiver) = mpsc::channel(JOBS_WAITING_MAX);
    (Writer { orders: sender }, WriterLoop { connection, orders: receiver })
}

// === impl Writer ===

impl Writer {
    /// Runs `write` in the next group. The inner error is `write`'s own, and nothing of it is stored.
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
            if ended.is_err() {
                savepoint.rollback().map_err(failed("undo a write"))?;
            }
            savepoint.commit().map_err(failed("end a write"))?;
            // The asker may have left; what was written stays.
            Ok(Box::new(move || drop(sender.send(ended))) as Answer)
        });
        self.orders.try_send(Order::Write(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        receiver.await.map_err(|_| StoreError::Closed)
    }

    /// Ends the thread after everything handed in so far.
    pub(in crate::store) async fn stop(&self) {
        // An error means that the thread has ended already.
        self.orders.send(Order::Stop).await.ok();
    }
}

// === impl WriterLoop ===

impl WriterLoop {
    /// Writes until it is told to stop or nobody is left to ask.
    pub(in crate::store) fn run(mut self) -> Result<(), StoreError> {
        loop {
            let Some(Order::Write(first)) = self.orders.blocking_recv() else {
                return Ok(());
            };
            let stop = self.write_group(first)?;
            if stop {
                return Ok(());
            }
        }
    }

    /// Writes one group; says whether the next order was to stop.
    fn write_group(&mut self, first: Job) -> Result<bool, StoreError> {
        let begin = failed("begin a transaction");
        let mut group = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(begin)?;
        let mut answers = vec![first(&mut group)?];
        let mut stop = false;
        while answers.len() < GROUP_JOBS_MAX {
            match self.orders.try_recv() {
                Ok(Order::Write(job)) => answers.push(job(&mut group)?),
                Ok(Order::Stop) => {
                    stop = true;
                    break;
                }
                Err(_) => break,
            }
        }
        // A failed sync ends the process: what the kernel dropped cannot be written again.
        group.commit().map_err(failed("sync a commit"))?;
        for answer in answers {
            answer();
        }
        Ok(stop)
    }
}
