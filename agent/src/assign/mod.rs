//! Shell: what this node has to run: from the aggregator, or standalone from a folder. Published to the other stages as
//! `Assignments`; they never ask where it came from.

pub mod poll;

pub mod dir;
pub mod keep;

use std::path::PathBuf;

use process::ready::Latch;
use process::supervise::Stage;

use crate::disk::DiskError;

/// Where assignments come from.
pub enum Source {
    /// An aggregator.
    Aggregator(poll::Poll),
    /// A folder of manifests.
    Folder(dir::Folder),
}

/// Why there is nothing to run by.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder that vanishes later keeps what it held; one that was never there is mistyped, and would run nothing.
    #[error("--checks-dir {} cannot be read: make the folder, or name another", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The disk refuses to say what it has kept.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

// === impl Source ===

impl Source {
    /// Starts the stage. `ready` is released once there is anything to run by: the disk's last assignments count.
    ///
    /// # Errors
    /// The folder is not there, or the disk refuses to say what it has kept.
    pub fn start(self, ready: Latch, stage: &Stage) -> Result<(), StartError> {
        match self {
            Self::Aggregator(poll) => {
                let waits = (!poll.begin()?).then_some(ready);
                stage.spawn("poll", poll.run(waits, stage.token()));
            }
            Self::Folder(folder) => {
                let looked = std::fs::read_dir(&folder.checks);
                looked.map_err(|source| StartError::Folder { folder: folder.checks.clone(), source })?;
                stage.spawn("folder", folder.run(ready, stage.token()));
            }
        }
        Ok(())
    }
}
