//! Shell: the thread that owns the spool, and the handle everyone else has. Appends that wait together are synced
//! together. Nobody waits for it who runs checks: a full queue drops and counts.

use std::path::PathBuf;

use api::frame::{DroppedKind, Epoch};
use api::id::NodeName;
use process::clock::SharedClock;
use process::supervise::Stage;
use tokio::sync::{mpsc, oneshot, watch};

use super::bound::Bound;
use super::metrics::Metrics;
use super::recover::Origin;
use super::store::{Appended, Store};
use super::{Batch, Draft};
use crate::disk::DiskError;
use crate::run::backend::node::boot_id;

/// Appends that wait for the disk: at 50 checks a second that all fail, twenty seconds of a stalled disk.
const COMMANDS_WAITING_MAX: usize = 1_024;
/// Records synced at once; a frame holds no more.
const GROUP_RECORDS_MAX: usize = api::limits::FRAME_RECORDS_MAX;

/// What a spool is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its folder, for this agent alone.
    pub folder: PathBuf,
    /// This machine and boot.
    pub origin: Origin,
    /// What it may hold.
    pub bound: Bound,
}

/// The spool, for whoever fills or empties it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spool {
    commands: mpsc::Sender<Command>,
    durable: watch::Receiver<u64>,
    metrics: Metrics,
}

/// Why the spool does not answer.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Its folder cannot be used, or lost what it was given.
    #[error("the spool is not usable")]
    Disk(#[from] DiskError),
    /// No thread for it.
    #[error("the spool's thread does not start")]
    Thread(#[source] std::io::Error),
    /// It has ended.
    #[error("the spool has ended")]
    Ended,
}

#[derive(Debug)]
enum Command {
    Append(Vec<Draft>),
    Batch(oneshot::Sender<Option<Batch>>),
    Acknowledge(Epoch, u64),
    Rewind(Epoch, u64),
    Fork(Epoch),
    End,
}

/// Opens the spool and starts its thread on the stage.
///
/// # Errors
/// The folder is in use or not usable, or there is no thread.
pub fn build(config: Config, clock: SharedClock, metrics: Metrics, stage: &Stage) -> Result<Spool, SpoolError> {
    let Config { folder, origin, bound } = config;
    let store = Store::open(&folder, origin, clock, bound)?;
    metrics.held(store.bytes());
    let (commands, waiting) = mpsc::channel(COMMANDS_WAITING_MAX);
    let (told, durable) = watch::channel(0);
    let of_thread = metrics.clone();
    stage.spawn_thread("writer", move || run(store, waiting, &told, &of_thread)).map_err(SpoolError::Thread)?;
    let (token, ending) = (stage.token(), commands.clone());
    stage.spawn("end", async move {
        token.cancelled().await;
        // The thread is gone already when nobody takes it.
        ending.send(Command::End).await.ok();
        Ok::<(), SpoolError>(())
    });
    Ok(Spool { commands, durable, metrics })
}

// === impl Origin ===

impl Origin {
    /// This machine and this boot. A container without a machine-id(5) is told apart by its node's name.
    pub fn here(node: &NodeName) -> Self {
        let machine_id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let machine_id = if machine_id.trim().is_empty() { node.as_str() } else { machine_id.trim() };
        Self { machine_id: machine_id.to_owned(), boot_id: boot_id() }
    }
}

// === impl Spool ===

impl Spool {
    /// Gives drafts to the disk without waiting for it.
    pub fn append(&self, drafts: Vec<Draft>) {
        let records = drafts.len() as u64;
        if records > 0 && self.commands.try_send(Command::Append(drafts)).is_err() {
            self.metrics.dropped(DroppedKind::Any, records);
            tracing::error!(records, "the disk of the spool does not keep up, records were dropped");
        }
    }

    /// The oldest records that are not acknowledged.
    ///
    /// # Errors
    /// The spool has ended.
    pub async fn batch(&self) -> Result<Option<Batch>, SpoolError> {
        let (asked, answer) = oneshot::channel();
        self.send(Command::Batch(asked)).await?;
        answer.await.map_err(|_| SpoolError::Ended)
    }

    /// Everything up to `through` is the aggregator's.
    ///
    /// # Errors
    /// The spool has ended.
    pub async fn acknowledge(&self, epoch: Epoch, through: u64) -> Result<(), SpoolError> {
        self.send(Command::Acknowledge(epoch, through)).await
    }

    /// The aggregator wants to go on at `expected`.
    ///
    /// # Errors
    /// The spool has ended.
    pub async fn rewind(&self, epoch: Epoch, expected: u64) -> Result<(), SpoolError> {
        self.send(Command::Rewind(epoch, expected)).await
    }

    /// The aggregator knows another history of this epoch.
    ///
    /// # Errors
    /// The spool has ended.
    pub async fn fork(&self, epoch: Epoch) -> Result<(), SpoolError> {
        self.send(Command::Fork(epoch)).await
    }

    /// Counts records that became durable in this process; changes when there is something to report.
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.durable.clone()
    }

    async fn send(&self, command: Command) -> Result<(), SpoolError> {
        self.commands.send(command).await.map_err(|_| SpoolError::Ended)
    }
}

/// Works until told to end. An error ends the process: records it promised to keep may be gone.
fn run(
    mut store: Store,
    mut waiting: mpsc::Receiver<Command>,
    told: &watch::Sender<u64>,
    metrics: &Metrics,
) -> Result<(), SpoolError> {
    let mut next = None;
    while let Some(command) = next.take().or_else(|| waiting.blocking_recv()) {
        match command {
            Command::Append(mut drafts) => {
                while drafts.len() < GROUP_RECORDS_MAX {
                    match waiting.try_recv() {
                        Ok(Command::Append(more)) => drafts.extend(more),
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                let Appended { written, refused } = store.append(drafts)?;
                metrics.dropped(DroppedKind::Any, refused);
                for (kind, records) in store.trim()?.by_kind() {
                    metrics.dropped(kind, records);
                }
                told.send_modify(|durable| *durable += written);
            }
            // Whoever asked may have gone meanwhile.
            Command::Batch(asked) => drop(asked.send(store.batch()?)),
            Command::Acknowledge(epoch, through) => store.acknowledge(epoch, through)?,
            Command::Rewind(epoch, expected) => store.rewind(epoch, expected)?,
            Command::Fork(epoch) => store.fork(epoch)?,
            Command::End => return Ok(()),
        }
        metrics.held(store.bytes());
    }
    Ok(())
}
