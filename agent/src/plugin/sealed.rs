//! Shell: an artefact on its way from the compiler to the disk: sealed while it comes, so that no byte of it is read back
//! before the seal is made, and written as it comes, so that it never lies in memory as a whole. Used by `artefact`.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use host::artefact::{HEAD_BYTES, Key, Name, Seal};
use process::supervise::blocking;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWrite, AsyncWriteExt as _};

use super::error::ArtefactError;
use crate::disk::{self, DiskError, failed};

/// A file beside the one it is to become.
pub(super) struct Sealed {
    beside: PathBuf,
    path: PathBuf,
    file: File,
    seal: Seal,
}

// === impl Sealed ===

impl Sealed {
    /// Leaves room for the head, which is known last.
    pub(super) async fn begin(path: PathBuf, key: &Key, name: &Name) -> Result<Self, ArtefactError> {
        let beside = path.with_extension("new");
        let (folder, of_file) = (path.parent().unwrap_or(Path::new("/")).to_owned(), beside.clone());
        let create = move || {
            disk::folder(&folder)?;
            disk::create(&of_file).map_err(failed("write", &of_file))
        };
        let mut file = File::from_std(blocking("make an artefact", create).await??);
        file.seek(SeekFrom::Start(HEAD_BYTES as u64)).await.map_err(failed("write", &beside))?;
        Ok(Self { beside, path, file, seal: Seal::begin(key, name) })
    }

    /// It is whole: it takes its place.
    pub(super) async fn keep(self) -> Result<(), ArtefactError> {
        let Self { beside, path, mut file, seal } = self;
        let written = async {
            file.rewind().await?;
            file.write_all(&seal.head()).await?;
            file.flush().await?;
            file.sync_all().await
        };
        if let Err(error) = written.await {
            remove(beside.clone()).await;
            return Err(failed("write", &beside)(error).into());
        }
        Ok(blocking("keep an artefact", move || disk::take_place(&beside, &path)).await??)
    }

    /// It is worth nothing: what came of it takes no room.
    pub(super) async fn give_up(self) {
        remove(self.beside).await;
    }
}

async fn remove(file: PathBuf) {
    let path = file.clone();
    if let Ok(Err(error)) = blocking("remove an artefact", move || disk::remove(&file)).await {
        let error: DiskError = error;
        tracing::warn!(path = %path.display(), %error, "a part of an artefact is left");
    }
}

impl AsyncWrite for Sealed {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, piece: &[u8]) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.file).poll_write(context, piece))?;
        self.seal.update(&piece[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use host::artefact::seal;

    use super::*;

    #[tokio::test]
    async fn what_came_in_pieces_is_sealed_as_a_whole_and_what_was_given_up_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("artefacts/a.artefact");
        let (key, name) = (Key::new([7; 32]), Name::new(&api::id::Digest::of(b"component"), "engine"));
        let mut sealed = Sealed::begin(path.clone(), &key, &name).await.expect("begins");
        for piece in [&b"native "[..], b"code"] {
            sealed.write_all(piece).await.expect("written");
        }
        assert!(!path.exists(), "not before it is whole");
        sealed.keep().await.expect("kept");
        assert_eq!(std::fs::read(&path).expect("a file"), seal(&key, &name, b"native code"));
        let mut worthless = Sealed::begin(path.clone(), &key, &name).await.expect("begins");
        worthless.write_all(b"other").await.expect("written");
        worthless.give_up().await;
        let files = std::fs::read_dir(folder.path().join("artefacts")).expect("a folder").count();
        assert_eq!((files, std::fs::read(&path).expect("a file").len()), (1, HEAD_BYTES + 11), "the old one stays");
    }
}
