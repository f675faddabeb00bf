//! Shell: what checks that are gone from this node left on its disk. Objects of a journey stay at the target until the
//! check runs here again or a person removes them, so they are logged; state is kept for a while, for a check that comes
//! back, and then removed. Its task follows the assignments; it runs nothing.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use api::frame::Assignments;
use process::clock::SharedClock;
use process::supervise::{blocking, chain};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::backend::file_of;
use super::backend::ledger::Ledgers;
use super::call::owner;
use crate::disk::{self, DiskError, failed};
use host::Owner;

/// Between two looks while nothing changes.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// How long state is kept: a check that moved or was edited away is back within days, or never.
const STATE_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What looks after it.
pub struct Gone {
    pub(super) ledgers: Ledgers,
    pub(super) ledger_folder: PathBuf,
    pub(super) state_folder: PathBuf,
    pub(super) clock: SharedClock,
    /// What is here.
    pub assignments: watch::Receiver<Arc<Assignments>>,
}

// === impl Gone ===

impl Gone {
    /// Looks at each change of the assignments until `token` is cancelled.
    ///
    /// # Errors
    /// Never: what cannot be looked at is logged.
    pub async fn run(mut self, token: CancellationToken) -> Result<(), Infallible> {
        let mut told = BTreeSet::new();
        loop {
            let assigned = self.assignments.borrow_and_update().clone();
            // Before anything is assigned, which only an empty etag says, everything would be gone.
            if !assigned.etag.is_empty() {
                let here = assigned.checks.iter().map(owner).collect();
                told = self.look(here, told).await;
            }
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                changed = self.assignments.changed() => if changed.is_err() { return Ok(()) },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Gives the owners whose objects are logged.
    async fn look(&self, here: Vec<Owner>, told: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let state_folder = self.state_folder.clone();
        let kept = here.iter().map(|owner| file_of(&state_folder, owner)).collect();
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.clock.wall_ms()).unwrap_or(0));
        let swept = blocking("sweep state", move || sweep(&state_folder, &kept, now)).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(error = %chain(&error), "state of checks that are gone cannot be removed");
        }
        let (mut gone, ledger_folder) = (BTreeSet::new(), self.ledger_folder.clone());
        let listed = blocking("list ledgers", move || files(&ledger_folder)).await;
        for path in listed.ok().and_then(Result::ok).unwrap_or_default() {
            if path.extension().is_some() || here.iter().any(|owner| file_of(&self.ledger_folder, owner) == path) {
                continue;
            }
            if !told.contains(&path) {
                self.tell(&path).await;
            }
            gone.insert(path);
        }
        gone
    }

    async fn tell(&self, path: &Path) {
        let left = self.ledgers.read(path).await.unwrap_or_default();
        let objects: Vec<String> = left.iter().map(|entry| format!("{} {}", entry.kind, entry.key)).collect();
        tracing::error!(
            ledger = %path.display(), ?objects,
            "a journey left objects at its target and its check is gone from this node: assign it again or remove them by hand"
        );
    }
}

/// Removes files that are not `kept` and were not written for long.
fn sweep(folder: &Path, kept: &BTreeSet<PathBuf>, now: SystemTime) -> Result<(), DiskError> {
    for path in files(folder)?.into_iter().filter(|path| !kept.contains(path)) {
        let written = std::fs::metadata(&path).and_then(|found| found.modified()).map_err(failed("look at", &path))?;
        if now.duration_since(written).is_ok_and(|age| age > STATE_KEPT) {
            disk::remove(&path)?;
        }
    }
    Ok(())
}

/// The files of all owners; a folder that is not there has none.
fn files(folder: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let mut files = vec![];
    for tenant in list(folder)? {
        files.extend(list(&tenant)?);
    }
    Ok(files)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, DiskError> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed("list", folder))).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(failed("list", folder)(error)),
    }
}

#[cfg(test)]
mod tests {
    use host::{LedgerBackend as _, LedgerEntry, LedgerMark};
    use process::clock::SystemClock;

    use super::*;
    use crate::testing::assignment;

    #[tokio::test]
    async fn what_a_gone_check_left_is_found_and_its_state_goes_after_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        let (ledger_folder, state_folder) = (folder.path().join("ledger"), folder.path().join("state"));
        let ledgers = Ledgers::new(ledger_folder.clone());
        let (here, gone) = (owner(&assignment("here")), owner(&assignment("gone")));
        for owner in [&here, &gone] {
            let entry = LedgerEntry { kind: "sale.order".into(), key: "a".into(), id: None };
            ledgers.mark(owner, "run", LedgerMark::Intent, entry).await.expect("marks");
            let state = file_of(&state_folder, owner);
            disk::folder(state.parent().expect("a folder")).expect("makes");
            disk::replace(&state, b"state").expect("writes");
        }
        let (_assign, assignments) = watch::channel(Arc::default());
        let clock = SystemClock::shared();
        let look = Gone {
            ledgers,
            ledger_folder: ledger_folder.clone(),
            state_folder: state_folder.clone(),
            clock,
            assignments,
        };
        let told = look.look(vec![here.clone()], BTreeSet::new()).await;
        assert_eq!(told, [file_of(&ledger_folder, &gone)].into());
        assert_eq!(look.ledgers.read(&file_of(&ledger_folder, &gone)).await.expect("reads").len(), 1);
        assert_eq!(files(&state_folder).expect("lists").len(), 2, "it may come back");
        let kept = [file_of(&state_folder, &here)].into();
        let written = std::fs::metadata(file_of(&state_folder, &gone)).and_then(|found| found.modified());
        let later = written.expect("a time") + STATE_KEPT + Duration::from_secs(60);
        sweep(&state_folder, &kept, later).expect("sweeps");
        assert_eq!(files(&state_folder).expect("lists"), [file_of(&state_folder, &here)]);
    }
}
