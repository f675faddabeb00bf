//! Shell: the thread that owns the spool, and the handle everyone else has. Appends that wait together are synced
//! together. Nobody waits for it who runs checks: a full queue drops and counts.

use std::path::PathBuf;
use std::sync::Arc;

use api::frame::{DroppedKind, Epoch};
use api::id::NodeName;
use process::clock::SharedClock;
use process::supervise::{Stage, chain};
use tokio::sync::{mpsc, oneshot, watch};

use super::bound::Bound;
use super::metrics::Metrics;
use super::recover::Origin;
use super::store::{Appended, Store};
use super::{Batch, Draft};
use crate::disk::DiskError;
use crate::machine;

/// Appends that wait for the disk: at 50 checks a second that all fail, twenty seconds of a stalled disk.
const COMMANDS_WAITING_MAX: usize = 1_024;
/// Records synced at once; a frame holds no more.
const GROUP_RECORDS_MAX: usize = api::limits::FRAME_RECORDS_MAX;

/// Between two attempts to open a spool without room: each reads what is there, 64 MiB at most.
const OPEN_AGAIN_MS: u64 = 10_000;

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
    Batch(oneshot::Sender<Result<Option<Batch>, DiskError>>),
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
    let place = Place::open(config, clock)?;
    metrics.held(place.bytes());
    let (commands, waiting) = mpsc::channel(COMMANDS_WAITING_MAX);
    let (told, durable) = watch::channel(0);
    let of_thread = metrics.clone();
    stage.spawn_thread("writer", move || run(place, waiting, &told, &of_thread)).map_err(SpoolError::Thread)?;
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
    /// This node, machine and boot. A container without a machine-id(5) is told apart by its node's name.
    pub fn here(node: &NodeName) -> Self {
        let machine_id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let machine_id = if machine_id.trim().is_empty() { node.as_str() } else { machine_id.trim() };
        Self { node: node.to_string(), machine_id: machine_id.to_owned(), boot_id: machine::boot_id() }
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
    /// They cannot be read now, or the spool has ended.
    pub async fn batch(&self) -> Result<Option<Batch>, SpoolError> {
        let (asked, answer) = oneshot::channel();
        self.send(Command::Batch(asked)).await?;
        Ok(answer.await.map_err(|_| SpoolError::Ended)??)
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
    mut place: Place,
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
                let records = drafts.len() as u64;
                let Some(store) = place.store()? else {
                    metrics.dropped(DroppedKind::Any, records);
                    continue;
                };
                let Appended { written, refused } = store.append(drafts)?;
                metrics.dropped(DroppedKind::Any, refused);
                match store.trim() {
                    Ok(trimmed) => {
                        trimmed.by_kind().into_iter().for_each(|(kind, records)| metrics.dropped(kind, records))
                    }
                    Err(error) if error.passes() => tracing::error!(error = %chain(&error), "the spool is not trimmed"),
                    Err(error) => return Err(error.into()),
                }
                told.send_modify(|durable| *durable += written);
            }
            Command::End => return Ok(()),
            command => {
                if let Err(error) = answer(&mut place, command, metrics) {
                    if !error.passes() {
                        return Err(error.into());
                    }
                    tracing::error!(error = %chain(&error), "the spool takes nothing, the aggregator is asked again");
                }
            }
        }
        metrics.held(place.bytes());
    }
    Ok(())
}

/// What the reporter wants.
fn answer(place: &mut Place, command: Command, metrics: &Metrics) -> Result<(), DiskError> {
    let Some(store) = &mut place.store else {
        if let Command::Batch(asked) = command {
            asked.send(Ok(None)).ok();
        }
        return Ok(());
    };
    let again = match command {
        // Whoever asked may have gone meanwhile.
        Command::Batch(asked) => match store.batch() {
            Err(error) if !error.passes() => return Err(error),
            read => {
                asked.send(read).ok();
                return Ok(());
            }
        },
        Command::Acknowledge(epoch, through) => return store.acknowledge(epoch, through),
        Command::Rewind(epoch, expected) => store.rewind(epoch, expected)?,
        Command::Fork(epoch) => store.fork(epoch)?,
        Command::Append(_) | Command::End => return Ok(()),
    };
    metrics.dropped(DroppedKind::Any, again.refused);
    Ok(())
}

/// The store, or a disk that has no room even to open it: a node in trouble is watched all the same, and what it has to
/// tell is dropped and counted until there is room.
struct Place {
    config: Config,
    clock: SharedClock,
    store: Option<Store>,
    again_boot_ms: u64,
}

impl Place {
    fn open(config: Config, clock: SharedClock) -> Result<Self, DiskError> {
        let mut place = Self { config, clock, store: None, again_boot_ms: 0 };
        place.store()?;
        Ok(place)
    }

    fn store(&mut self) -> Result<Option<&mut Store>, DiskError> {
        let now_boot_ms = self.clock.boot_ms();
        if self.store.is_none() && now_boot_ms >= self.again_boot_ms {
            let Config { folder, origin, bound } = self.config.clone();
            match Store::open(&folder, origin, Arc::clone(&self.clock), bound) {
                Ok(store) => self.store = Some(store),
                Err(error) if error.passes() => {
                    tracing::error!(error = %chain(&error), "the spool cannot be opened, records are dropped");
                    self.again_boot_ms = now_boot_ms.saturating_add(OPEN_AGAIN_MS);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(self.store.as_mut())
    }

    fn bytes(&self) -> u64 {
        self.store.as_ref().map_or(0, Store::bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use process::clock::ManualClock;

    use super::*;

    #[test]
    fn a_start_without_room_drops_and_counts_until_there_is_some() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = ManualClock::new(1_800_000_000_000, Duration::from_secs(1_000));
        let origin = Origin { node: "n".into(), machine_id: "machine".into(), boot_id: "boot".into() };
        let config = Config { folder: folder.path().to_owned(), origin, bound: Bound::default() };
        drop(Place::open(config.clone(), Arc::new(clock.clone())).expect("opens"));
        let is_epoch = |path: &PathBuf| path.is_dir();
        let mut entries = std::fs::read_dir(folder.path()).expect("lists").map(|entry| entry.expect("listed").path());
        let epoch = entries.find(is_epoch).expect("an epoch");
        std::os::unix::fs::symlink("/dev/full", epoch.join(format!("{:020}.new", 1))).expect("links");
        let mut place = Place::open(config, Arc::new(clock.clone())).expect("starts");
        assert!(place.store.is_none(), "without room");
        assert!(place.store().expect("stays").is_none(), "not tried again at once");
        clock.advance(Duration::from_millis(OPEN_AGAIN_MS));
        let store = place.store().expect("opens").expect("room again");
        assert_eq!(store.append(crate::testing::drafts(3)).expect("writes").written, 3);
    }
}
