//! Shell: components by digest: from the node's disk, else from the aggregator; never without the digest. Used by
//! `plugin`'s task; a standalone agent puts its own files here.

use std::collections::BTreeSet;
use std::path::PathBuf;

use api::id::Digest;
use api::limits::COMPONENT_BYTES_MAX;
use bytes::Bytes;
use process::supervise::{Panicked, blocking};

use crate::disk::{self, DiskError, failed};
use crate::http::aggregator::{Aggregator, CallError};

/// The components of this node.
#[derive(Clone, Debug)]
pub struct Components {
    folder: PathBuf,
    aggregator: Option<Aggregator>,
}

/// Why a component is not here.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The aggregator does not give it.
    #[error("the component cannot be fetched")]
    Call(#[from] CallError),
    /// The disk does not keep it.
    #[error("the component cannot be kept")]
    Disk(#[from] DiskError),
    /// A standalone agent has no such file.
    #[error("no file of the checks' folder has this digest")]
    Absent,
    /// A bug.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

// === impl Components ===

impl Components {
    /// Components in a folder; what is not there comes from the aggregator, if there is one.
    pub fn new(folder: PathBuf, aggregator: Option<Aggregator>) -> Self {
        Self { folder, aggregator }
    }

    /// A component's bytes.
    ///
    /// # Errors
    /// Nobody gives it, or other bytes than those of the digest.
    pub async fn bytes(&self, digest: &Digest) -> Result<Bytes, FetchError> {
        if let Some(component) = self.on_disk(digest).await? {
            return Ok(component);
        }
        let aggregator = self.aggregator.as_ref().ok_or(FetchError::Absent)?;
        let component = aggregator.component(digest).await?;
        self.keep(digest, component.clone()).await?;
        Ok(component)
    }

    /// Keeps a component that has the digest.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn keep(&self, digest: &Digest, component: Bytes) -> Result<(), FetchError> {
        let (folder, path) = (self.folder.clone(), self.path(digest));
        let write = move || {
            disk::folder(&folder)?;
            disk::replace(&path, &component)
        };
        Ok(blocking("keep a component", write).await??)
    }

    /// Removes all components but these.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn retain(&self, wanted: &BTreeSet<Digest>) -> Result<(), DiskError> {
        remove_others(&self.folder, wanted)
    }

    async fn on_disk(&self, digest: &Digest) -> Result<Option<Bytes>, FetchError> {
        let path = self.path(digest);
        let read = blocking("read a component", move || disk::read(&path, COMPONENT_BYTES_MAX)).await?;
        // What a failing disk made of it is fetched again.
        Ok(read?.filter(|component| Digest::of(component) == *digest).map(Bytes::from))
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.wasm", digest.hex()))
    }
}

/// Removes the files of a folder whose names do not begin with the hex digits of one of these digests.
pub(crate) fn remove_others(folder: &std::path::Path, wanted: &BTreeSet<Digest>) -> Result<(), DiskError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(failed("list", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !wanted.iter().any(|digest| name.starts_with(digest.hex())) {
            disk::remove(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_digests_bytes_are_given() {
        let folder = tempfile::tempdir().expect("a folder");
        let components = Components::new(folder.path().join("components"), None);
        let digest = Digest::of(b"component");
        assert!(matches!(components.bytes(&digest).await, Err(FetchError::Absent)));
        components.keep(&digest, Bytes::from_static(b"component")).await.expect("keeps");
        assert_eq!(components.bytes(&digest).await.expect("is here"), &b"component"[..]);
        components.keep(&digest, Bytes::from_static(b"flipped")).await.expect("keeps");
        assert!(matches!(components.bytes(&digest).await, Err(FetchError::Absent)));
        components.retain(&BTreeSet::new()).expect("removes");
        assert_eq!(std::fs::read_dir(components.folder).expect("lists").count(), 0);
    }
}
