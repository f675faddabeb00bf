//! What each file defines, and last defined: a file that stops parsing keeps it. Called by `build` with the previous
//! catalogue's memory; a file whose text did not change is not parsed again.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::manifest::{Document, FileText, Refusal, read_file};

/// A file as it was read last.
#[derive(Debug)]
pub(super) struct FileMemory {
    text: [u8; 32],
    /// Documents it defines now.
    pub(super) fresh: Vec<Document>,
    /// Documents it last defined, and whose present text is broken.
    pub(super) kept: Vec<Document>,
    /// What is wrong with its present text.
    pub(super) refused: Vec<Refusal>,
}

/// All files by path.
pub(super) type Memory = BTreeMap<String, Arc<FileMemory>>;

/// Reads what changed.
pub(super) fn read(previous: &Memory, texts: &[FileText]) -> Memory {
    let read = |file: &FileText| {
        let (hash, before) = (hash(file), previous.get(&file.path));
        match before {
            Some(before) if before.text == hash => Arc::clone(before),
            _ => Arc::new(FileMemory::read(file, hash, before.map(AsRef::as_ref))),
        }
    };
    texts.iter().map(|file| (file.path.clone(), read(file))).collect()
}

fn hash(file: &FileText) -> [u8; 32] {
    match &file.text {
        Ok(text) => Sha256::new().chain_update([1]).chain_update(text).finalize().into(),
        Err(why) => Sha256::new().chain_update([0]).chain_update(why).finalize().into(),
    }
}

impl FileMemory {
    fn read(file: &FileText, text: [u8; 32], before: Option<&Self>) -> Self {
        let (mut fresh, mut refused) = (vec![], vec![]);
        for read in read_file(file) {
            match read {
                Ok(document) => fresh.push(document),
                Err(refusal) => refused.push(refusal),
            }
        }
        let last = before.into_iter().flat_map(|before| before.fresh.iter().chain(&before.kept));
        let kept = last.filter(|document| is_kept(document, &fresh, &refused)).cloned().collect();
        Self { text, fresh, kept, refused }
    }
}

/// A document stays when what stands in its place is broken, or when something broken cannot be told from it.
fn is_kept(document: &Document, fresh: &[Document], refused: &[Refusal]) -> bool {
    let head = document.head();
    let concerns = |refusal: &Refusal| match &refusal.head {
        None => true,
        Some(broken) => {
            *broken == head || (broken.name.is_none() && broken.kind == head.kind && broken.namespace == head.namespace)
        }
    };
    refused.iter().any(concerns) && !fresh.iter().any(|document| document.head() == head)
}
