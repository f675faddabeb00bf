//! Shell: a disk of a size that a test chooses, so that it can be filled: a tmpfs. Used by the suite `ground`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// Written at once while a disk is filled; the last piece that fits is smaller.
const PIECE_BYTES: usize = 64 << 10;

/// A mounted tmpfs.
#[derive(Debug)]
pub struct Small(PathBuf);

/// Why there can be none here, if so.
#[must_use]
pub fn unavailable() -> Option<String> {
    let tried =
        tempfile::tempdir().map_err(anyhow::Error::from).and_then(|folder| Small::mount(folder.path(), 1).map(drop));
    tried.err().map(|error| format!("no tmpfs can be mounted (as root): {error:#}"))
}

// === impl Small ===

impl Small {
    /// Mounts an empty one of so many MiB on a folder.
    ///
    /// # Errors
    /// No right to.
    pub fn mount(folder: &Path, mib: u32) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let size = format!("size={mib}m,mode=0700");
        mount(Some("tmpfs"), folder, Some("tmpfs"), MsFlags::empty(), Some(size.as_str()))
            .with_context(|| format!("nothing can be mounted on {}", folder.display()))?;
        Ok(Self(folder.to_owned()))
    }

    /// Takes all the room there is.
    ///
    /// # Errors
    /// Another one than that there is no room.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        let mut bytes = PIECE_BYTES;
        while bytes > 0 {
            match ballast.write(&vec![1; bytes]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => bytes /= 2,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Gives it back.
    ///
    /// # Errors
    /// It was not taken.
    pub fn empty(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Whatever still holds it, the folder is to be free for its removal.
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}
