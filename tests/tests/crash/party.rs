//! One process that is killed and started again, and the disk it stands on.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::child::Child;
use harness::disk::{Cut, Disk};
use nix::sys::signal::Signal;

/// A party and its data.
pub(crate) struct Party {
    name: &'static str,
    logs: PathBuf,
    pub(crate) data: PathBuf,
    // Goes before its disk does.
    child: Option<Child>,
    disk: Option<Disk>,
    /// Lives so far: each has its own log.
    lives: u32,
}

/// What a party stands on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ground {
    /// A folder of the test's: the kernel survives a kill, and with it what was not synced.
    Folder,
    /// A disk of its own that loses its power with a kill.
    Disk,
}

// === impl Party ===

impl Party {
    /// One that was never started.
    pub(crate) fn on(ground: Ground, name: &'static str, folder: &Path) -> Self {
        let (logs, place) = (folder.join("logs"), folder.join(name));
        let disk = match ground {
            Ground::Folder => None,
            Ground::Disk => Some(Disk::mount(&place).expect("mounted")),
        };
        Self { name, logs, data: place.join("data"), child: None, disk, lives: 0 }
    }

    pub(crate) fn start(&mut self, command: Command) {
        std::fs::create_dir_all(&self.logs).expect("made");
        self.lives += 1;
        self.child =
            Some(Child::spawn(&format!("{}-{}", self.name, self.lives), command, &self.logs).expect("started"));
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it was started")
    }

    /// Ends it at once, where it has a disk of its own with a power cut, and gives what it has said in this life.
    pub(crate) fn kill(&mut self, cut: Cut) -> String {
        if let Some(disk) = &self.disk {
            disk.power_off();
        }
        let said = self.end(Signal::SIGKILL);
        if let Some(disk) = &mut self.disk {
            disk.power_on(cut).expect("power again");
        }
        said
    }

    /// Asks it to end, and gives what it has said in this life.
    pub(crate) fn end(&mut self, signal: Signal) -> String {
        let mut child = self.child.take().expect("it was started");
        // One that has ended by itself, of a disk without power, needs no signal.
        let _ = child.signal(signal);
        child.wait(harness::site::START_MAX).expect("ended");
        child.output()
    }
}
