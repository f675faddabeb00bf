//! What this node has to run: from the aggregator, or standalone from a folder. Published to the other stages as
//! `Assignments`; they never ask where it came from.

pub mod poll;

pub mod dir;
pub mod keep;

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

// === impl Source ===

impl Source {
    /// Starts the stage. `ready` is released once there is anything to run by: the disk's last assignments count.
    ///
    /// # Errors
    /// The disk refuses to say what it has kept.
    pub fn start(self, ready: Latch, stage: &Stage) -> Result<(), DiskError> {
        match self {
            Self::Aggregator(poll) => {
                let waits = (!poll.begin()?).then_some(ready);
                stage.spawn("poll", poll.run(waits, stage.token()));
            }
            Self::Folder(folder) => stage.spawn("folder", folder.run(ready, stage.token())),
        }
        Ok(())
    }
}
