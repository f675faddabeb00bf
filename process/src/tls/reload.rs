//! Shell: a value built from files, built again when they change.
//!
//! Files are polled: three `stat` calls each period follow any symlink swap and any file system. A new set that
//! does not fit together (often: certificate written, key not yet) leaves the old value in place.

use std::convert::Infallible;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::TlsError;
use crate::supervise::chain;

/// Certificates live for hours at least; two seconds after a rotation is soon, and three `stat` calls are nothing.
const POLL: Duration = Duration::from_secs(2);

/// A value that follows its files.
pub struct Reloaded<C> {
    files: Vec<PathBuf>,
    build: Box<dyn Fn() -> Result<C, TlsError> + Send + Sync>,
    current: RwLock<Arc<C>>,
    generation: AtomicU64,
    seen: Mutex<Vec<Option<Fingerprint>>>,
}

/// What tells two versions of a file apart without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    device: u64,
    inode: u64,
    bytes: u64,
    modified_s: i64,
    modified_ns: i64,
}

/// What one look at the files found.
#[derive(Debug)]
pub enum Check {
    /// Nothing changed since the last look.
    Unchanged,
    /// The new files are in use.
    Replaced,
    /// The new files are not usable; the old value stays.
    Kept(TlsError),
}

// === impl Reloaded ===

impl<C> Reloaded<C> {
    pub(super) fn load(
        files: Vec<PathBuf>,
        build: impl Fn() -> Result<C, TlsError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, TlsError> {
        // Looked at before they are read: a change in between is found by the next look.
        let seen = fingerprints(&files);
        let current = RwLock::new(Arc::new(build()?));
        Ok(Arc::new(Self {
            files,
            build: Box::new(build),
            current,
            generation: AtomicU64::new(0),
            seen: Mutex::new(seen),
        }))
    }

    /// The value in use now. Take it anew for each connection.
    #[must_use]
    pub fn current(&self) -> Arc<C> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Rises with each replacement, so that a pool can tell that its connections are of before.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Looks once.
    pub fn check(&self) -> Check {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = fingerprints(&self.files);
        if *seen == now {
            return Check::Unchanged;
        }
        *seen = now;
        match (self.build)() {
            Ok(value) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
                self.generation.fetch_add(1, Ordering::AcqRel);
                Check::Replaced
            }
            Err(error) => Check::Kept(error),
        }
    }

    /// Looks every two seconds until `token` is cancelled; says what came of each change.
    ///
    /// # Errors
    /// Never: bad files keep the old value and are logged.
    pub async fn keep_fresh(self: Arc<Self>, token: CancellationToken) -> Result<(), Infallible> {
        loop {
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                () = tokio::time::sleep(POLL) => {}
            }
            match self.check() {
                Check::Unchanged => {}
                Check::Replaced => tracing::info!(files = ?self.files, "TLS files reloaded"),
                Check::Kept(error) => tracing::warn!(
                    error = %chain(&error), files = ?self.files,
                    "new TLS files are not usable, the old ones stay in use; write the missing or fitting file"
                ),
            }
        }
    }
}

impl<C> std::fmt::Debug for Reloaded<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloaded").field("files", &self.files).finish_non_exhaustive()
    }
}

fn fingerprints(files: &[PathBuf]) -> Vec<Option<Fingerprint>> {
    let fingerprint = |path: &PathBuf| {
        std::fs::metadata(path).ok().map(|found| Fingerprint {
            device: found.dev(),
            inode: found.ino(),
            bytes: found.len(),
            modified_s: found.mtime(),
            modified_ns: found.mtime_nsec(),
        })
    };
    files.iter().map(fingerprint).collect()
}
