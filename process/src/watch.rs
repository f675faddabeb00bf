//! Shell: says that something below a folder may have changed; manifests and certificates are read again then.
//!
//! Changes come from notify and are debounced; a poll period covers lost events, network file systems, and a
//! folder that is replaced (a ConfigMap's symlink swap included). It never reads the files: that is the caller's.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// One waiting event is enough: it stands for any number of changes.
const EVENTS_WAITING_MAX: usize = 1;

/// How long a burst may keep the caller waiting, in debounce periods: a writer that never pauses
/// must not hide every change.
const BURST_DEBOUNCES_MAX: u32 = 10;

/// How patient a watch is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Quiet time that ends a burst of events.
    pub debounce: Duration,
    /// Longest time between two looks, events or not.
    pub poll: Duration,
}

/// A watched folder.
#[derive(Debug)]
pub struct FolderWatch {
    folder: PathBuf,
    patience: Patience,
    identity: Option<(u64, u64)>,
    sender: mpsc::Sender<()>,
    events: mpsc::Receiver<()>,
    watcher: Option<RecommendedWatcher>,
}

// === impl Patience ===

impl Default for Patience {
    /// 100 ms joins the writes of one `kubectl apply` or editor save; 30 s is what a missed event may cost.
    fn default() -> Self {
        Self { debounce: Duration::from_millis(100), poll: Duration::from_secs(30) }
    }
}

// === impl FolderWatch ===

impl FolderWatch {
    /// Begins to watch. A folder that is not there yet is polled for; so is one that cannot be watched
    /// (logged once, with the remedy).
    #[must_use]
    pub fn begin(folder: impl Into<PathBuf>, patience: Patience) -> Self {
        let (sender, events) = mpsc::channel(EVENTS_WAITING_MAX);
        let mut watch = Self { folder: folder.into(), patience, identity: None, sender, events, watcher: None };
        watch.rearm();
        watch
    }

    /// Waits until something may have changed: after a burst of events has ended, or the poll period is over.
    /// Safe to cancel; an event that came meanwhile is kept.
    pub async fn changed(&mut self) {
        let event = tokio::time::timeout(self.patience.poll, self.events.recv()).await;
        if event.is_ok() {
            self.settle().await;
        }
        self.rearm();
    }

    async fn settle(&mut self) {
        for _ in 0..BURST_DEBOUNCES_MAX {
            tokio::time::sleep(self.patience.debounce).await;
            if self.events.try_recv().is_err() {
                return;
            }
        }
    }

    /// Watches the folder that has the path now: a replaced one has another inode and sends no events.
    fn rearm(&mut self) {
        let identity = identity(&self.folder);
        if identity == self.identity && (self.watcher.is_some() || identity.is_none()) {
            return;
        }
        self.identity = identity;
        self.watcher = None;
        if identity.is_none() {
            return;
        }
        match arm(&self.folder, self.sender.clone()) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => tracing::warn!(
                folder = %self.folder.display(), %error, poll_s = self.patience.poll.as_secs(),
                "the folder is polled, not watched; raise fs.inotify.max_user_watches or max_user_instances"
            ),
        }
    }
}

fn arm(folder: &Path, sender: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Our own reading opens files: an access is no change. An error may stand for lost events.
        if !matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
            // A full channel already holds the event that stands for this one.
            sender.try_send(()).ok();
        }
    })?;
    watcher.watch(folder, RecursiveMode::Recursive)?;
    Ok(watcher)
}

fn identity(folder: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(folder).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// Never reached when events work; a test that needs it fails by this timeout instead of hanging.
    const WAIT_MAX: Duration = Duration::from_secs(20);

    fn by_events() -> Patience {
        Patience { debounce: Duration::from_millis(5), poll: Duration::from_secs(3_600) }
    }

    async fn sees_change(watch: &mut FolderWatch) -> bool {
        tokio::time::timeout(WAIT_MAX, watch.changed()).await.is_ok()
    }

    #[tokio::test]
    async fn a_new_file_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = FolderWatch::begin(folder.path(), by_events());
        std::fs::write(folder.path().join("check.yaml"), "kind: Check").unwrap();
        assert!(sees_change(&mut watch).await);
    }

    #[tokio::test]
    async fn a_config_map_swap_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["..v1", "..v2"] {
            std::fs::create_dir(folder.path().join(version)).unwrap();
        }
        symlink("..v1", folder.path().join("..data")).unwrap();
        let mut watch = FolderWatch::begin(folder.path(), by_events());
        symlink("..v2", folder.path().join("..data_tmp")).unwrap();
        std::fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
        assert!(sees_change(&mut watch).await);
    }

    #[tokio::test]
    async fn without_events_the_poll_period_ends_the_wait() {
        let folder = tempfile::tempdir().unwrap();
        let patience = Patience { poll: Duration::from_millis(1), ..by_events() };
        let mut watch = FolderWatch::begin(folder.path(), patience);
        assert!(sees_change(&mut watch).await);
    }

    #[tokio::test]
    async fn a_replaced_folder_is_watched_anew() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("catalogue");
        let short = Patience { poll: Duration::from_millis(1), ..by_events() };
        let mut watch = FolderWatch::begin(&folder, short);
        assert!(watch.watcher.is_none(), "not there yet");
        std::fs::create_dir(&folder).unwrap();
        watch.changed().await;
        assert!(watch.watcher.is_some());
        watch.patience = by_events();
        std::fs::write(folder.join("tenant.yaml"), "kind: Tenant").unwrap();
        assert!(sees_change(&mut watch).await);
    }
}
