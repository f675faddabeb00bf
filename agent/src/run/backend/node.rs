//! Shell: facts and files of the node. Called by the host, which has judged the path against the grants; here no
//! symbolic link is followed, so that a granted path leads nowhere else. Read-only.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use host::{BackendError, NodeBackend, charged, hashing};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;
use process::supervise::blocking;
use sha2::{Digest as _, Sha256};

use crate::machine::{boot_id, of_kernel};

/// What is hashed at most: a kernel image has 15 MiB, an initramfs of a server 60.
const FILE_HASHED_BYTES_MAX: u64 = 64 << 20;
/// Facts are short files.
const FACT_BYTES_MAX: u64 = 16 << 10;
/// Bytes hashed at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// The node below a root folder.
#[derive(Clone, Debug)]
pub struct Node {
    name: String,
    root: Arc<OwnedFd>,
}

/// The root of the node's files cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the node's root {} cannot be opened", root.display())]
pub struct RootError {
    root: PathBuf,
    source: io::Error,
}

// === impl Node ===

impl Node {
    /// The node of this name, whose files are seen below `root`.
    ///
    /// # Errors
    /// The root is not there.
    pub fn new(name: String, root: &Path) -> Result<Self, RootError> {
        let opened = open(root, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty());
        let fail = |errno: Errno| RootError { root: root.to_owned(), source: errno.into() };
        Ok(Self { name, root: Arc::new(opened.map_err(fail)?) })
    }

    /// Opens a regular file, no link followed on the way.
    fn open(&self, path: &str) -> Result<File, BackendError> {
        // A FIFO or device must not block the open.
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let resolve =
            ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how = OpenHow::new().flags(flags).resolve(resolve);
        let file = openat2(self.root.as_ref(), path, how).map_err(|errno| refused(path, errno))?;
        let file = File::from(file);
        let is_file = file.metadata().map_err(|error| unreadable(path, &error))?.is_file();
        if is_file { Ok(file) } else { Err(BackendError::Missing(format!("{path} is no regular file"))) }
    }

    fn read(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, BackendError> {
        let mut bytes = vec![];
        self.open(path)?.take(bytes_max).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
        Ok(bytes)
    }

    fn hash(&self, path: &str) -> Result<String, BackendError> {
        let mut file = self.open(path)?;
        let (mut hash, mut chunk, mut read) = (Sha256::new(), vec![0; CHUNK_BYTES], 0);
        loop {
            let bytes = file.read(&mut chunk).map_err(|error| unreadable(path, &error))?;
            if bytes == 0 {
                return Ok(hex::encode(hash.finalize()));
            }
            read += bytes as u64;
            if read > FILE_HASHED_BYTES_MAX {
                return Err(BackendError::Full(format!("{path} has more than {FILE_HASHED_BYTES_MAX} bytes")));
            }
            hashing(bytes as u64)?;
            hash.update(&chunk[..bytes]);
        }
    }

    fn gather(&self) -> String {
        let fact = |path: &str| {
            let bytes = self.read(path, FACT_BYTES_MAX).unwrap_or_default();
            String::from_utf8_lossy(&bytes).trim().to_owned()
        };
        let kernel = serde_json::json!({
            "sysname": of_kernel("ostype"),
            "release": of_kernel("osrelease"),
            "version": of_kernel("version"),
            "machine": std::env::consts::ARCH,
        });
        let mut facts = serde_json::json!({ "node": self.name, "kernel": kernel, "boot_id": boot_id() });
        // The usual /etc/os-release is a link to this file.
        let release = [fact("/usr/lib/os-release"), fact("/etc/os-release")].into_iter().find(|text| !text.is_empty());
        if let Some(os) = release.as_deref().and_then(os_of) {
            facts["os"] = os;
        }
        facts.to_string()
    }

    fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, BackendError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, BackendError>> {
        let this = self.clone();
        let failed = || Err(BackendError::Failed("the node cannot be read now".to_owned()));
        let work = charged(move || act(&this));
        async move { blocking("node", work).await.unwrap_or_else(|_| failed()) }.boxed()
    }
}

impl NodeBackend for Node {
    fn facts(&self) -> BoxFuture<'_, Result<String, BackendError>> {
        self.with(|node| Ok(node.gather()))
    }

    fn read_file<'a>(&'a self, path: &'a str, bytes_max: u32) -> BoxFuture<'a, Result<Vec<u8>, BackendError>> {
        let path = path.to_owned();
        self.with(move |node| node.read(&path, u64::from(bytes_max)))
    }

    fn sha256_file<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<String, BackendError>> {
        let path = path.to_owned();
        self.with(move |node| node.hash(&path))
    }
}

/// `id`, `version_id` and `pretty_name` of an os-release file (os-release(5)).
fn os_of(text: &str) -> Option<serde_json::Value> {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches(['"', '\'']).to_owned())
    };
    let id = value("ID")?;
    Some(serde_json::json!({ "id": id, "version_id": value("VERSION_ID"), "pretty_name": value("PRETTY_NAME") }))
}

fn refused(path: &str, errno: Errno) -> BackendError {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR => BackendError::Missing(format!("{path} is not there")),
        Errno::ELOOP => BackendError::Missing(format!("{path} leads over a symbolic link; name the file it leads to")),
        other => unreadable(path, &other.into()),
    }
}

fn unreadable(path: &str, error: &io::Error) -> BackendError {
    BackendError::Failed(format!("{path} cannot be read: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn node() -> (tempfile::TempDir, Node) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("etc")).expect("makes");
        std::fs::write(folder.path().join("etc/os-release"), "ID=debian\nVERSION_ID=\"13\"\n").expect("writes");
        let node = Node::new("node-1".to_owned(), folder.path()).expect("opens");
        (folder, node)
    }

    #[tokio::test]
    async fn files_are_read_and_hashed_below_the_root() {
        let (_folder, node) = node();
        assert_eq!(node.read_file("/etc/os-release", 9).await.expect("reads"), b"ID=debian");
        let hash = node.sha256_file("/etc/os-release").await.expect("hashes");
        assert_eq!(hash, hex::encode(Sha256::digest("ID=debian\nVERSION_ID=\"13\"\n")));
        let facts = node.facts().await.expect("gathers");
        let facts = serde_json::from_str::<serde_json::Value>(&facts).expect("JSON");
        assert_eq!((&facts["os"]["id"], &facts["os"]["version_id"]), (&"debian".into(), &"13".into()));
        assert_eq!(facts["node"], "node-1");
    }

    #[tokio::test]
    async fn no_link_leads_out_and_nothing_else_is_opened() {
        let (folder, node) = node();
        symlink("/etc/passwd", folder.path().join("etc/direct")).expect("links");
        symlink("/etc", folder.path().join("elsewhere")).expect("links");
        for path in ["/etc/direct", "/elsewhere/passwd", "/etc", "/etc/none", "/../etc/passwd"] {
            let refused = node.read_file(path, 10).await;
            assert!(matches!(refused, Err(BackendError::Missing(_))), "{path}: {refused:?}");
        }
    }
}
