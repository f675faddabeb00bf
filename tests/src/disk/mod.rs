//! Shell: a disk that can lose its power: a file system in the memory of the test, mounted by FUSE, that forgets at a
//! power cut whatever was not synced. Used by the suite `crash`. It cannot be told from a real one by the processes on
//! it, memory maps and locks included.

mod file;
mod fuse;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, thread, time::Duration};

use anyhow::Context;
use fuser::{BackgroundSession, Config, MountOption};

use fuse::{Device, Mounted, State};
pub use tree::Cut;
use tree::Tree;

/// A process that was killed lets go of its files a moment after it was waited for.
const UNMOUNT_TRIES_MAX: u32 = 200;
const UNMOUNT_PAUSE: Duration = Duration::from_millis(25);

/// A mounted disk.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    device: Arc<Mutex<Device>>,
    session: Option<BackgroundSession>,
}

/// Why there can be no such disk here, if so.
#[must_use]
pub fn unavailable() -> Option<String> {
    let tried =
        tempfile::tempdir().map_err(anyhow::Error::from).and_then(|folder| Disk::mount(folder.path()).map(drop));
    tried.err().map(|error| format!("no FUSE file system can be mounted (as root, with /dev/fuse): {error:#}"))
}

// === impl Disk ===

impl Disk {
    /// Mounts an empty one on an empty folder.
    ///
    /// # Errors
    /// No right to, or no FUSE.
    pub fn mount(folder: &Path) -> anyhow::Result<Self> {
        let device = Arc::new(Mutex::new(Device { tree: Tree::new(), state: State::Works }));
        let session = Some(mounted(&device, folder)?);
        Ok(Self { folder: folder.to_owned(), device, session })
    }

    /// The power goes: from this instant on no write and no sync reaches it, and no process on it hears that one did.
    pub fn power_off(&self) {
        self.lock().state = State::Off;
    }

    /// From now on it is only read, as a kernel makes a disk that has failed once.
    pub fn make_read_only(&self) {
        self.lock().state = State::ReadOnly;
    }

    /// It takes writes again.
    pub fn make_writable(&self) {
        self.lock().state = State::Works;
    }

    /// The power comes back, once the processes on it are gone: what was not synced is gone too.
    ///
    /// # Errors
    /// A process still has a file of it open.
    pub fn power_on(&mut self, mut cut: Cut) -> anyhow::Result<()> {
        self.unmount()?;
        {
            let mut device = self.lock();
            device.tree.cut(&mut cut);
            device.state = State::Works;
        }
        self.session = Some(mounted(&self.device, &self.folder)?);
        Ok(())
    }

    /// Plainly: the kernel's own call is refused as long as a file is open.
    fn unmount(&mut self) -> anyhow::Result<()> {
        let Some(session) = self.session.take() else { return Ok(()) };
        for _ in 1..UNMOUNT_TRIES_MAX {
            match nix::mount::umount(&self.folder) {
                Err(nix::errno::Errno::EBUSY) => thread::sleep(UNMOUNT_PAUSE),
                ended => {
                    ended.with_context(|| format!("{} cannot be unmounted", self.folder.display()))?;
                    return session.join().context("the file system's thread");
                }
            }
        }
        anyhow::bail!("{} stays in use", self.folder.display())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.session.is_some() {
            // Whatever still holds it, the folder is to be free for its removal.
            let _ = nix::mount::umount2(&self.folder, nix::mount::MntFlags::MNT_DETACH);
        }
    }
}

fn mounted(device: &Arc<Mutex<Device>>, folder: &Path) -> anyhow::Result<BackgroundSession> {
    fs::create_dir_all(folder)?;
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("floorwalker-test".to_owned()), MountOption::RW];
    fuser::spawn_mount(Mounted(Arc::clone(device)), folder, &config)
        .with_context(|| format!("nothing can be mounted on {}", folder.display()))
}
