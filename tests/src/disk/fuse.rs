//! Shell: the kernel's calls on a mounted `Tree`. A disk without power answers nothing but errors.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyStatfs,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::file::Bytes;
use super::tree::{Body, Node, Refused, Tree};

/// Nobody but this kernel changes the tree, so what it knows stays true; a new mount begins without knowledge.
const KNOWN: Duration = Duration::from_secs(3_600);
/// A disk with room: 4 GiB in blocks of 4 KiB.
const BLOCKS: u64 = 1 << 20;
const BLOCK_BYTES: u32 = 4_096;

/// A tree, and what its disk does.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) tree: Tree,
    pub(super) state: State,
}

/// What a disk does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All that is asked.
    Works,
    /// It is read, and takes nothing.
    ReadOnly,
    /// Nothing.
    Off,
}

/// A device as the kernel mounts it.
#[derive(Clone, Debug)]
pub(super) struct Mounted(pub(super) Arc<Mutex<Device>>);

// === impl Mounted ===

impl Mounted {
    fn on<T>(&self, work: impl FnOnce(&mut Tree) -> Result<T, Refused>) -> Result<T, Errno> {
        let mut device = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if device.state == State::Off {
            return Err(Errno::EIO);
        }
        work(&mut device.tree).map_err(errno)
    }

    /// Like `on`, for what changes something.
    fn changing<T>(&self, work: impl FnOnce(&mut Tree) -> Result<T, Refused>) -> Result<T, Errno> {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).state == State::ReadOnly {
            return Err(Errno::EROFS);
        }
        self.on(work)
    }

    fn make(&self, folder: INodeNo, name: &OsStr, mode: u32, body: Body) -> Result<FileAttr, Errno> {
        self.changing(|tree| {
            let number = tree.make(folder.0, name, Node { mode: mode & 0o7777, body })?;
            Ok(attributes(number, tree.node(number)?))
        })
    }
}

fn errno(refused: Refused) -> Errno {
    match refused {
        Refused::NotThere => Errno::ENOENT,
        Refused::Exists => Errno::EEXIST,
        Refused::NotEmpty => Errno::ENOTEMPTY,
        Refused::NotFolder => Errno::ENOTDIR,
        Refused::IsFolder => Errno::EISDIR,
    }
}

fn attributes(number: u64, node: &Node) -> FileAttr {
    let (kind, bytes) = match &node.body {
        Body::File(bytes) => (FileType::RegularFile, bytes.len() as u64),
        Body::Folder { .. } => (FileType::Directory, 0),
    };
    let at: SystemTime = UNIX_EPOCH;
    FileAttr {
        ino: INodeNo(number),
        size: bytes,
        blocks: bytes.div_ceil(512),
        atime: at,
        mtime: at,
        ctime: at,
        crtime: at,
        kind,
        perm: u16::try_from(node.mode & 0o7777).expect("twelve bits"),
        nlink: 1,
        uid: nix::unistd::geteuid().as_raw(),
        gid: nix::unistd::getegid().as_raw(),
        rdev: 0,
        blksize: BLOCK_BYTES,
        flags: 0,
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("files of a test are far below 2^63 bytes")
}

fn ended(done: Result<(), Errno>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn entered(made: Result<FileAttr, Errno>, reply: ReplyEntry) {
    match made {
        Ok(attributes) => reply.entry(&KNOWN, &attributes, Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn told(found: Result<FileAttr, Errno>, reply: ReplyAttr) {
    match found {
        Ok(attributes) => reply.attr(&KNOWN, &attributes),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, folder: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.on(|tree| {
            let number = tree.find(folder.0, name)?;
            Ok(attributes(number, tree.node(number)?))
        });
        entered(found, reply);
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        told(self.on(|tree| Ok(attributes(number.0, tree.node(number.0)?))), reply);
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let set = self.changing(|tree| {
            if let Some(bytes) = size {
                tree.file(number.0)?.resize(place(bytes));
            }
            let node = tree.node_mut(number.0)?;
            node.mode = mode.unwrap_or(node.mode);
            Ok(attributes(number.0, node))
        });
        told(set, reply);
    }

    fn mkdir(&self, _: &Request, folder: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        let body = Body::Folder { live: Default::default(), safe: Default::default() };
        entered(self.make(folder, name, mode & !umask, body), reply);
    }

    fn create(
        &self,
        _: &Request,
        folder: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        match self.make(folder, name, mode & !umask, Body::File(Bytes::default())) {
            Ok(attributes) => {
                reply.created(&KNOWN, &attributes, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn unlink(&self, _: &Request, folder: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        ended(self.changing(|tree| tree.remove_file(folder.0, name)), reply);
    }

    fn rmdir(&self, _: &Request, folder: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        ended(self.changing(|tree| tree.remove_folder(folder.0, name)), reply);
    }

    fn rename(
        &self,
        _: &Request,
        folder: INodeNo,
        name: &OsStr,
        to_folder: INodeNo,
        to_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        ended(self.changing(|tree| tree.rename((folder.0, name), (to_folder.0, to_name))), reply);
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        bytes: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = self.on(|tree| Ok(tree.file(number.0)?.read(place(offset), bytes as usize).to_vec()));
        match read {
            Ok(data) => reply.data(&data),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.changing(|tree| {
            tree.file(number.0)?.write(place(offset), data);
            Ok(())
        });
        match written {
            Ok(()) => reply.written(u32::try_from(data.len()).expect("the kernel's writes are bounded")),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, number: INodeNo, _: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        ended(self.on(|tree| tree.sync(number.0)), reply);
    }

    fn fsyncdir(&self, _: &Request, number: INodeNo, _: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        ended(self.on(|tree| tree.sync(number.0)), reply);
    }

    fn readdir(&self, _: &Request, folder: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listed = self.on(|tree| {
            let entries = tree.entries(folder.0)?.iter().zip(1..).skip(place(offset));
            for ((name, number), next) in entries {
                let kind = attributes(*number, tree.node(*number)?).kind;
                if reply.add(INodeNo(*number), next, kind, name) {
                    break;
                }
            }
            Ok(())
        });
        match listed {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCK_BYTES, 255, BLOCK_BYTES);
    }
}
