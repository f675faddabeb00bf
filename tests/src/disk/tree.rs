//! Files and folders of a disk that can lose its power. As POSIX promises and no more: a file's bytes survive once the
//! file was synced, its name once its folder was. Pure; `fuse` lets the kernel in.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use fastrand::Rng;

use super::file::Bytes;

/// Number of the top folder, as the kernel has it.
pub(super) const ROOT: u64 = 1;

/// What a call of a process asks for and does not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NotThere,
    Exists,
    NotEmpty,
    NotFolder,
    IsFolder,
}

/// How much of what was not synced a device has written all the same.
#[derive(Clone, Debug)]
pub enum Cut {
    /// Nothing.
    Clean,
    /// Any sectors of any file, and all or nothing of what changed in a folder.
    Torn(Rng),
}

/// A file or folder.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) mode: u32,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    File(Bytes),
    Folder { live: BTreeMap<OsString, u64>, safe: BTreeMap<OsString, u64> },
}

/// All of them. What nobody can reach any more goes at the next cut.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: BTreeMap<u64, Node>,
    next: u64,
}

// === impl Tree ===

impl Tree {
    pub(super) fn new() -> Self {
        let root = Node { mode: 0o700, body: Body::Folder { live: BTreeMap::new(), safe: BTreeMap::new() } };
        Self { nodes: BTreeMap::from([(ROOT, root)]), next: ROOT + 1 }
    }

    pub(super) fn node(&self, number: u64) -> Result<&Node, Refused> {
        self.nodes.get(&number).ok_or(Refused::NotThere)
    }

    pub(super) fn node_mut(&mut self, number: u64) -> Result<&mut Node, Refused> {
        self.nodes.get_mut(&number).ok_or(Refused::NotThere)
    }

    pub(super) fn file(&mut self, number: u64) -> Result<&mut Bytes, Refused> {
        match &mut self.node_mut(number)?.body {
            Body::File(bytes) => Ok(bytes),
            Body::Folder { .. } => Err(Refused::IsFolder),
        }
    }

    pub(super) fn entries(&self, folder: u64) -> Result<&BTreeMap<OsString, u64>, Refused> {
        match &self.node(folder)?.body {
            Body::Folder { live, .. } => Ok(live),
            Body::File(_) => Err(Refused::NotFolder),
        }
    }

    pub(super) fn find(&self, folder: u64, name: &OsStr) -> Result<u64, Refused> {
        self.entries(folder)?.get(name).copied().ok_or(Refused::NotThere)
    }

    pub(super) fn make(&mut self, folder: u64, name: &OsStr, node: Node) -> Result<u64, Refused> {
        if self.find(folder, name).is_ok() {
            return Err(Refused::Exists);
        }
        let number = self.next;
        self.entries_mut(folder)?.insert(name.to_owned(), number);
        self.nodes.insert(number, node);
        self.next += 1;
        Ok(number)
    }

    pub(super) fn remove_file(&mut self, folder: u64, name: &OsStr) -> Result<(), Refused> {
        let number = self.find(folder, name)?;
        self.file(number)?;
        self.entries_mut(folder)?.remove(name);
        Ok(())
    }

    pub(super) fn remove_folder(&mut self, folder: u64, name: &OsStr) -> Result<(), Refused> {
        let number = self.find(folder, name)?;
        if !self.entries(number)?.is_empty() {
            return Err(Refused::NotEmpty);
        }
        self.entries_mut(folder)?.remove(name);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Result<(), Refused> {
        let number = self.find(from.0, from.1)?;
        if let Ok(there) = self.find(to.0, to.1)
            && self.entries(there).is_ok_and(|entries| !entries.is_empty())
        {
            return Err(Refused::NotEmpty);
        }
        self.entries_mut(from.0)?.remove(from.1);
        self.entries_mut(to.0)?.insert(to.1.to_owned(), number);
        Ok(())
    }

    pub(super) fn sync(&mut self, number: u64) -> Result<(), Refused> {
        match &mut self.node_mut(number)?.body {
            Body::File(bytes) => bytes.sync(),
            Body::Folder { live, safe } => safe.clone_from(live),
        }
        Ok(())
    }

    /// The power was off: only what was synced is there, and what a device had written all the same.
    pub(super) fn cut(&mut self, cut: &mut Cut) {
        for node in self.nodes.values_mut() {
            match &mut node.body {
                Body::File(bytes) => bytes.cut(|| cut.keeps()),
                Body::Folder { live, safe } => {
                    if live != safe && cut.keeps() {
                        safe.clone_from(live);
                    }
                    live.clone_from(safe);
                }
            }
        }
        let mut reached = BTreeSet::from([ROOT]);
        let mut waiting = vec![ROOT];
        while let Some(number) = waiting.pop() {
            let below: Vec<u64> = self.entries(number).into_iter().flatten().map(|(_, below)| *below).collect();
            waiting.extend(below.into_iter().filter(|below| reached.insert(*below)));
        }
        self.nodes.retain(|number, _| reached.contains(number));
    }

    fn entries_mut(&mut self, folder: u64) -> Result<&mut BTreeMap<OsString, u64>, Refused> {
        match &mut self.node_mut(folder)?.body {
            Body::Folder { live, .. } => Ok(live),
            Body::File(_) => Err(Refused::NotFolder),
        }
    }
}

// === impl Cut ===

impl Cut {
    fn keeps(&mut self) -> bool {
        match self {
            Self::Clean => false,
            Self::Torn(dice) => dice.bool(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Node {
        Node { mode: 0o600, body: Body::File(Bytes::default()) }
    }

    #[test]
    fn a_name_survives_once_its_folder_is_synced() {
        let mut tree = Tree::new();
        let (kept, lost) = (OsStr::new("kept"), OsStr::new("lost"));
        let number = tree.make(ROOT, kept, file()).expect("made");
        tree.file(number).expect("a file").write(0, b"x");
        tree.sync(number).expect("synced");
        tree.sync(ROOT).expect("synced");
        tree.make(ROOT, lost, file()).expect("made");
        tree.rename((ROOT, kept), (ROOT, OsStr::new("renamed"))).expect("renamed");
        tree.cut(&mut Cut::Clean);
        assert_eq!(tree.find(ROOT, lost), Err(Refused::NotThere));
        assert_eq!(tree.find(ROOT, kept), Ok(number));
        assert_eq!(tree.file(number).expect("a file").read(0, 9), b"x");
        tree.remove_file(ROOT, kept).expect("removed");
        tree.cut(&mut Cut::Clean);
        assert_eq!(tree.find(ROOT, kept), Ok(number), "a removal is lost like anything else");
    }
}
