//! Shell: files that are whole or absent: written beside, synced, renamed. Used by every stage that keeps something on
//! the node. It knows no format.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// What the agent keeps is its own business: configurations of checks, native code, a key.
const FILE_MODE: u32 = 0o600;

/// Why a file could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}{}", path.display(), remedy(source))]
pub struct DiskError {
    /// What was tried.
    pub operation: &'static str,
    /// On what.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

// === impl DiskError ===

impl DiskError {
    /// Whether it is a state that passes by itself or by what an operator does (no room, mounted read-only, out of file
    /// handles), as opposed to a disk that is broken.
    pub fn passes(&self) -> bool {
        !remedy(&self.source).is_empty()
    }
}

/// What ends a state that passes; empty for any other.
fn remedy(source: &io::Error) -> &'static str {
    match (source.kind(), source.raw_os_error()) {
        (io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, _) => " (free room on its disk)",
        (io::ErrorKind::ReadOnlyFilesystem, _) => " (mount its disk writable)",
        (_, Some(number)) if [Errno::EMFILE as i32, Errno::ENFILE as i32].contains(&number) => {
            " (raise the limit of open files)"
        }
        _ => "",
    }
}

/// Makes an error of an operation on a path.
pub fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.to_owned();
    move |source| DiskError { operation, path, source }
}

/// Makes a folder and those above it, for this user alone, durably.
///
/// # Errors
/// The system refuses.
pub fn folder(path: &Path) -> Result<(), DiskError> {
    process::folder::make(path).map_err(failed("make the folder", path))
}

/// Makes entries added to or removed from a folder durable.
///
/// # Errors
/// The system refuses.
pub fn sync_folder(path: &Path) -> Result<(), DiskError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(failed("sync the folder", path))
}

/// Replaces a file's content: after a crash it is the old or the new one, whole.
///
/// # Errors
/// The system refuses; the old content stays.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), DiskError> {
    let beside = path.with_extension("new");
    let written = create(&beside).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    if let Err(error) = written {
        // On a full disk a part of it would take what room there is.
        remove(&beside)?;
        return Err(failed("write", &beside)(error));
    }
    take_place(&beside, path)
}

/// Lets a file that was written and synced beside another take its place.
///
/// # Errors
/// The system refuses.
pub fn take_place(beside: &Path, path: &Path) -> Result<(), DiskError> {
    std::fs::rename(beside, path).map_err(failed("replace", path))?;
    sync_folder(path.parent().unwrap_or(Path::new("/")))
}

/// A file's content, at most `bytes_max`; none when there is no such file.
///
/// # Errors
/// The system refuses, or the file is larger.
pub fn read(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, DiskError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let mut content = vec![];
    file.take(bytes_max as u64 + 1).read_to_end(&mut content).map_err(failed("read", path))?;
    if content.len() > bytes_max {
        return Err(failed("read", path)(io::Error::other(format!("more than {bytes_max} bytes"))));
    }
    Ok(Some(content))
}

/// Removes a file; that it was not there is no error.
///
/// # Errors
/// The system refuses.
pub fn remove(path: &Path) -> Result<(), DiskError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// An empty file for writing, for this user alone.
///
/// # Errors
/// The system refuses.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)
}

/// Takes a lock that lasts as long as the file that is given: one process works in a folder.
///
/// # Errors
/// Another process has it, or the system refuses.
pub fn lock(path: &Path) -> Result<Flock<File>, DiskError> {
    let file = create(path).map_err(failed("make", path))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| {
        let in_use = io::Error::other(format!(
            "another agent uses this folder ({error}); stop it, or give this one a --data-dir of its own"
        ));
        failed("lock", path)(in_use)
    })
}

/// Like `lock`, but waits for a predecessor that is about to be gone: a killed process holds its lock until the kernel
/// has ended its last thread, which may sit in a sync of the disk.
pub fn lock_soon(path: &Path) -> Result<Flock<File>, DiskError> {
    for _ in 1..LOCK_TRIES_MAX {
        if let Ok(lock) = lock(path) {
            return Ok(lock);
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    lock(path)
}

/// Ten seconds in all: what a slow disk's last sync takes.
const LOCK_TRIES_MAX: u32 = 100;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// Random bytes of the kernel.
///
/// # Errors
/// The system has no random source.
pub fn random<const N: usize>() -> Result<[u8; N], DiskError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; N];
    File::open(path).and_then(|mut source| source.read_exact(&mut bytes)).map_err(failed("read", path))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_keeps_the_old_file_and_no_part_of_the_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kept");
        replace(&path, b"old").expect("writes");
        std::os::unix::fs::symlink("/dev/full", path.with_extension("new")).expect("links");
        assert!(replace(&path, b"new").is_err_and(|error| error.passes()));
        assert_eq!(read(&path, 10).expect("reads").as_deref(), Some(&b"old"[..]));
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kept");
        assert_eq!(read(&path, 10).expect("reads"), None);
        replace(&path, b"old").expect("writes");
        replace(&path, b"new").expect("writes");
        assert_eq!(read(&path, 3).expect("reads").as_deref(), Some(&b"new"[..]));
        assert!(read(&path, 2).is_err());
        remove(&path).expect("removes");
        remove(&path).expect("is gone");
    }
}
