//! Shell: the last assignments on disk, so that an agent starts and runs with the aggregator away. Written by `poll` at
//! each change, read once at a start. Values of secrets are never in them.

use std::path::PathBuf;

use api::frame::{Assignments, codec};
use sha2::{Digest as _, Sha256};

use crate::disk::{self, DiskError};
use crate::http::aggregator::ASSIGNMENTS_BYTES_MAX;

/// What the aggregator may send, as `http/aggregator` has it, and the checksum.
const KEPT_BYTES_MAX: usize = ASSIGNMENTS_BYTES_MAX + SUM_BYTES;
const SUM_BYTES: usize = 32;

/// The file of the last assignments: SHA-256 of the rest, and the rest in MessagePack.
#[derive(Clone, Debug)]
pub struct Kept {
    path: PathBuf,
}

// === impl Kept ===

impl Kept {
    /// The file at a path.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The assignments kept last; none on a first start or when the file is damaged, which is logged.
    ///
    /// # Errors
    /// The system refuses to read.
    pub fn read(&self) -> Result<Option<Assignments>, DiskError> {
        let Some(bytes) = disk::read(&self.path, KEPT_BYTES_MAX)? else { return Ok(None) };
        let whole = bytes.split_at_checked(SUM_BYTES).filter(|(sum, rest)| Sha256::digest(rest)[..] == **sum);
        let kept = whole.and_then(|(_, rest)| codec::decode(rest).ok());
        if kept.is_none() {
            tracing::error!(file = %self.path.display(), "the assignments kept on disk are damaged, the aggregator is asked");
        }
        Ok(kept)
    }

    /// Keeps assignments, durably.
    ///
    /// # Errors
    /// The system refuses; the ones before stay.
    pub fn write(&self, assignments: &Assignments) -> Result<(), DiskError> {
        let rest = codec::encode(assignments).expect("assignments have a MessagePack form");
        let mut bytes = Sha256::digest(&rest).to_vec();
        bytes.extend_from_slice(&rest);
        disk::replace(&self.path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assignment;

    #[test]
    fn what_is_kept_is_read_back_and_damage_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept::at(folder.path().join("assignments"));
        assert_eq!(kept.read().expect("reads"), None);
        let assignments = Assignments { etag: "v1".into(), checks: vec![assignment("checkout")], plugins: vec![] };
        kept.write(&assignments).expect("writes");
        assert_eq!(kept.read().expect("reads"), Some(assignments));
        let mut bytes = std::fs::read(&kept.path).expect("reads");
        for at in [0, 40, bytes.len() - 1] {
            bytes[at] ^= 1;
            std::fs::write(&kept.path, &bytes).expect("writes");
            assert_eq!(kept.read().expect("reads"), None, "byte {at}");
            bytes[at] ^= 1;
        }
        std::fs::write(&kept.path, &bytes[..20]).expect("writes");
        assert_eq!(kept.read().expect("reads"), None);
    }
}
