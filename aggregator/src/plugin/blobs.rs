//! Shell: components on disk, a file per digest. Written once when a manifest names them, so that a later edit of the
//! author's file changes nothing that runs; read back only when the bytes still have the digest.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use api::id::Digest;
use api::limits::COMPONENT_BYTES_MAX;
use bytes::Bytes;

/// A folder of components.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: PathBuf,
    /// The author's file that each was taken from, to take it again when the disk has changed ours.
    sources: Arc<Mutex<BTreeMap<Digest, PathBuf>>>,
}

/// Why a component is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk failed, or there is no such file.
    #[error("{path} cannot be {verb}")]
    Disk {
        /// Which file.
        path: String,
        /// What was tried.
        verb: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is too large for a component.
    #[error("{path} has more than {COMPONENT_BYTES_MAX} bytes; make the component smaller")]
    TooLarge {
        /// Which file.
        path: String,
    },
    /// The file has another digest than the manifest says.
    #[error("{path} has the digest {found}, the manifest says {wanted}; write the digest of the file that was built")]
    Digest {
        /// Which file.
        path: String,
        /// What it has.
        found: Digest,
        /// What it should have.
        wanted: Digest,
    },
}

impl Blobs {
    /// The folder, made when it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(folder: PathBuf) -> Result<Self, BlobError> {
        process::folder::make(&folder).map_err(|source| disk(&folder, "made", source))?;
        Ok(Self { folder, sources: Arc::default() })
    }

    /// Reads the component that a manifest names and keeps it. Blocks.
    ///
    /// # Errors
    /// The file is not there, too large, or another one.
    pub fn take(&self, file: &Path, wanted: &Digest) -> Result<Bytes, BlobError> {
        let bytes = read(file, wanted)?;
        self.sources().insert(wanted.clone(), file.to_owned());
        let kept = self.path(wanted);
        // One that the disk has changed is of no use to any agent.
        if read(&kept, wanted).is_err() {
            self.keep(&kept, &bytes).map_err(|source| disk(&kept, "written", source))?;
        }
        Ok(bytes)
    }

    /// The bytes of a component that was kept. Blocks.
    ///
    /// # Errors
    /// It was never kept, or the disk changed it.
    pub fn read(&self, digest: &Digest) -> Result<Bytes, BlobError> {
        read(&self.path(digest), digest).or_else(|damaged| {
            let source = self.sources().get(digest).cloned();
            let again = source.and_then(|file| self.take(&file, digest).ok());
            again.inspect(|_| tracing::warn!(%damaged, "a kept component was damaged, it is taken from its author's file again"))
                .ok_or(damaged)
        })
    }

    /// Removes what is not wanted and older than `kept`. `now` is the wall clock's. Blocks.
    ///
    /// # Errors
    /// The folder cannot be read, or a file not removed.
    pub fn sweep(&self, wanted: &BTreeSet<Digest>, kept: Duration, now: SystemTime) -> Result<(), BlobError> {
        self.sources().retain(|digest, _| wanted.contains(digest));
        let wanted: BTreeSet<PathBuf> = wanted.iter().map(|digest| self.path(digest)).collect();
        let swept = || {
            for entry in std::fs::read_dir(&self.folder)? {
                let entry = entry?;
                let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
                if age > kept && !wanted.contains(&entry.path()) {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        swept().map_err(|source| disk(&self.folder, "swept", source))
    }

    fn sources(&self) -> MutexGuard<'_, BTreeMap<Digest, PathBuf>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.wasm", digest.hex()))
    }

    /// Whole or not at all: written beside, synced, renamed.
    fn keep(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let beside = path.with_extension("part");
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        std::fs::File::open(&self.folder)?.sync_all()
    }
}

fn read(path: &Path, wanted: &Digest) -> Result<Bytes, BlobError> {
    let file = std::fs::File::open(path).map_err(|source| disk(path, "opened", source))?;
    let mut bytes = Vec::new();
    let limit = COMPONENT_BYTES_MAX as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(|source| disk(path, "read", source))?;
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(BlobError::TooLarge { path: path.display().to_string() });
    }
    let found = Digest::of(&bytes);
    if found != *wanted {
        return Err(BlobError::Digest { path: path.display().to_string(), found, wanted: wanted.clone() });
    }
    Ok(bytes.into())
}

fn disk(path: &Path, verb: &'static str, source: std::io::Error) -> BlobError {
    BlobError::Disk { path: path.display().to_string(), verb, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_parent_takes_what_the_api_allows() {
        assert_eq!(process::compile::ARTEFACT_BYTES_MAX, api::limits::ARTEFACT_BYTES_MAX);
        assert_eq!(process::compile::DESCRIBE_BYTES_MAX, api::limits::DESCRIBE_BYTES_MAX);
    }

    #[test]
    fn a_kept_component_survives_an_edit_of_its_source_and_not_of_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("p.wasm");
        std::fs::write(&source, b"one").expect("written");
        let blobs = Blobs::open(folder.path().join("plugins")).expect("opened");
        let digest = Digest::of(b"one");
        blobs.take(&source, &digest).expect("taken");
        std::fs::write(&source, b"two").expect("written");
        assert!(matches!(blobs.take(&source, &digest), Err(BlobError::Digest { .. })));
        assert_eq!(blobs.read(&digest).expect("kept"), Bytes::from_static(b"one"));
        std::fs::write(blobs.path(&digest), b"rotten").expect("written");
        assert!(matches!(blobs.read(&digest), Err(BlobError::Digest { .. })));
        std::fs::write(&source, b"one").expect("written");
        assert_eq!(blobs.read(&digest).expect("taken again"), Bytes::from_static(b"one"));
        std::fs::remove_file(&source).expect("removed");
        assert_eq!(blobs.read(&digest).expect("kept again"), Bytes::from_static(b"one"));
    }

    #[test]
    fn only_what_is_old_and_unwanted_is_swept() {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::open(folder.path().join("plugins")).expect("opened");
        for bytes in [b"one", b"two"] {
            let source = folder.path().join("p.wasm");
            std::fs::write(&source, bytes).expect("written");
            blobs.take(&source, &Digest::of(bytes)).expect("taken");
        }
        let written = std::fs::metadata(blobs.path(&Digest::of(b"two"))).expect("there").modified();
        let (kept, now) = (Duration::from_secs(3_600), written.expect("a time"));
        let wanted = BTreeSet::from([Digest::of(b"one")]);
        blobs.sweep(&wanted, kept, now).expect("swept");
        blobs.read(&Digest::of(b"two")).expect("still young");
        blobs.sweep(&wanted, kept, now + 2 * kept).expect("swept");
        blobs.read(&Digest::of(b"one")).expect("wanted");
        assert!(blobs.read(&Digest::of(b"two")).is_err());
    }
}
