//! Shell: what hostile schemas refer to: a port that hears whoever connects, and a pipe that knows who opens it.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::stat::Mode;
use tempfile::TempDir;

/// Both, watched until they are asked. The folder goes with them, also when a case fails.
pub(crate) struct Traps {
    listener: TcpListener,
    folder: TempDir,
    over: Arc<AtomicBool>,
    watching: JoinHandle<bool>,
}

impl Traps {
    pub(crate) fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let folder = tempfile::tempdir().expect("a folder");
        let (over, pipe) = (Arc::<AtomicBool>::default(), folder.path().join("schema.json"));
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).expect("made");
        let until = Arc::clone(&over);
        let watching = std::thread::spawn(move || {
            let mut opened = false;
            while !until.load(Ordering::Relaxed) && !opened {
                opened = is_read(&pipe);
                std::thread::sleep(Duration::from_millis(1));
            }
            opened
        });
        Self { listener, folder, over, watching }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/schema.json", self.listener.local_addr().expect("bound"))
    }

    pub(crate) fn file_url(&self) -> String {
        format!("file://{}/schema.json", self.folder.path().display())
    }

    pub(crate) fn expect_untouched(self) {
        let knocked = self.listener.accept().map(drop).map_err(|error| error.kind());
        assert_eq!(knocked, Err(ErrorKind::WouldBlock), "somebody connected");
        self.over.store(true, Ordering::Relaxed);
        assert!(!self.watching.join().expect("it only looks"), "somebody opened the file");
    }
}

/// A pipe can be opened to write without waiting only while somebody reads it; whoever does, waits for a writer.
fn is_read(pipe: &Path) -> bool {
    OpenOptions::new().write(true).custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits()).open(pipe).is_ok()
}
