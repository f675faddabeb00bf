//! Shell: from an artefact's file to a plugin. Holds the one `unsafe` of the workspace: mapping native code.
//! The file is copied, and authenticated while it is copied, into a file without a name; that one is mapped. So no
//! path leads to the mapped bytes, and what was checked is what runs. A file that does not fit is an error and never
//! a crash: `agent` has it compiled again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use api::limits::ARTEFACT_BYTES_MAX;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use wasmtime::component::Component;

use crate::artefact::{HEAD_BYTES, Key, MAC_BYTES, MAGIC, Name, Seal};
use crate::engine::Engine;
use crate::plugin::{Plugin, PluginError};

/// Bytes copied at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// Why an artefact was not loaded. Each but `Plugin` is cured by compiling again.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read or copied.
    #[error("the artefact cannot be read")]
    Read(#[source] io::Error),
    /// Too short, too long or of another format.
    #[error("the artefact is not a file of ours")]
    Format,
    /// Its MAC is not that of this node's key, this name and these bytes.
    #[error("the artefact was not sealed by this node")]
    Forged,
    /// wasmtime refuses it: another version, another machine, other settings.
    #[error("the artefact does not fit this engine: {0:#}")]
    Incompatible(wasmtime::Error),
    /// It is a component, and not a plugin.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

impl Plugin {
    /// Loads the artefact `name` from a file that `artefact::seal` made.
    ///
    /// # Errors
    /// See `LoadError`; nothing of the file has run then. It blocks for the copy: 1 ms for a Rust plugin's 1 MiB.
    pub fn load(engine: &Engine, file: &Path, name: &Name, key: &Key) -> Result<Self, LoadError> {
        let mut from = File::open(file).map_err(LoadError::Read)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let copy = authenticated_copy(&mut from, folder, name, key)?;
        let component = map(engine, &copy)?;
        Ok(Self::link(engine, &component)?)
    }
}

/// Maps the copy. The mapping outlives the descriptor.
#[allow(unsafe_code, reason = "native code cannot be checked; see SAFETY for what stands in for a check")]
fn map(engine: &Engine, copy: &OwnedFd) -> Result<Component, LoadError> {
    let path = format!("/proc/self/fd/{}", copy.as_raw_fd());
    // SAFETY: wasmtime asks that the bytes come from its own compiler and do not change while mapped. They carry a MAC
    // of the node's key, which is put only on what `floorwalker-compile` gave, and the file has no name that another
    // process could open and, once copied, no writer.
    let component = unsafe { Component::deserialize_file(engine.wasmtime(), path) };
    component.map_err(LoadError::Incompatible)
}

fn authenticated_copy(from: &mut File, folder: &Path, name: &Name, key: &Key) -> Result<OwnedFd, LoadError> {
    let bytes = from.metadata().map_err(LoadError::Read)?.len();
    let longest = (HEAD_BYTES + ARTEFACT_BYTES_MAX) as u64;
    if bytes <= HEAD_BYTES as u64 || bytes > longest {
        return Err(LoadError::Format);
    }
    let mut head = [0; HEAD_BYTES];
    from.read_exact(&mut head).map_err(LoadError::Read)?;
    let (magic, mac) = head.split_at(HEAD_BYTES - MAC_BYTES);
    if magic != MAGIC {
        return Err(LoadError::Format);
    }
    let artefact_bytes = bytes - HEAD_BYTES as u64;
    let (mut copy, kind) = nameless(folder).map_err(LoadError::Read)?;
    let mut seal = Seal::begin(key, name);
    copy_sealing(&mut from.take(artefact_bytes), &mut copy, &mut seal).map_err(LoadError::Read)?;
    // Nothing of it is mapped before this line.
    if !seal.matches(mac) {
        return Err(LoadError::Forged);
    }
    close_to_writers(copy, kind).map_err(LoadError::Read)
}

fn copy_sealing(from: &mut impl Read, to: &mut File, seal: &mut Seal) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return to.rewind();
        }
        seal.update(&chunk[..read]);
        to.write_all(&chunk[..read])?;
    }
}

#[derive(Clone, Copy)]
enum Nameless {
    /// On the artefact's own disk: its pages can be evicted like any file's.
    Disk,
    /// In memory, where the disk cannot do it.
    Memory,
}

/// A file that never had a name.
fn nameless(folder: &Path) -> io::Result<(File, Nameless)> {
    let flags = libc::O_TMPFILE | libc::O_EXCL | libc::O_CLOEXEC;
    match OpenOptions::new().read(true).write(true).mode(0o600).custom_flags(flags).open(folder) {
        Ok(file) => Ok((file, Nameless::Disk)),
        Err(_) => {
            let fd = memfd_create(c"artefact", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
            Ok((File::from(fd), Nameless::Memory))
        }
    }
}

/// Gives the last writer's descriptor up for one that only reads, or seals the memory against all writers.
fn close_to_writers(file: File, kind: Nameless) -> io::Result<OwnedFd> {
    match kind {
        Nameless::Disk => Ok(File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))?.into()),
        Nameless::Memory => {
            let seals =
                SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
            fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
            Ok(file.into())
        }
    }
}
