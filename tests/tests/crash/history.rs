//! What an agent's disk says of its epochs, read by the test itself while nobody writes: each record's place in the hash
//! chain, and the runs it tells of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use agent::spool::segment::{Entry, scan};
use api::frame::Body;

use crate::books::Mark;

/// The chain after a sequence number, in hex, for every number seen of every epoch.
type Chains = BTreeMap<String, BTreeMap<u64, String>>;

/// Everything that was ever seen on one agent's disk.
#[derive(Debug, Default)]
pub(crate) struct History {
    chains: Chains,
    /// Runs that were on the disk when its agent was gone: they must arrive.
    pub(crate) runs: BTreeSet<String>,
    /// The last sequence number of the epoch that was written last, once it is the only one: others are told first.
    pub(crate) end: Option<(String, u64)>,
}

// === impl History ===

impl History {
    /// Looks at a spool.
    pub(crate) fn look(&mut self, spool: &Path) {
        self.end = None;
        let folders = folders(spool);
        let is_only = folders.len() == 1;
        for (epoch, folder) in folders {
            let mut last = 0;
            for file in segments(&folder) {
                // An agent that is alive may have removed it meanwhile.
                let Ok(bytes) = fs::read(&file) else { continue };
                let read = scan(&bytes);
                let Some((first, mut chain)) = read.head else { continue };
                self.note(&epoch, first - 1, &chain);
                last = last.max(first - 1);
                for entry in &read.entries {
                    chain = entry.chain_after(&chain);
                    let seq = entry.last_seq().expect("no head");
                    self.note(&epoch, seq, &chain);
                    last = last.max(seq);
                    self.runs.extend(run(entry));
                }
            }
            self.end = is_only.then_some((epoch, last));
        }
    }

    /// Wherever the aggregator stood at its ends, its chain is the one of this disk; and how many places were compared.
    pub(crate) fn agree(&self, node: &str, marks: &BTreeSet<Mark>) -> usize {
        let mut compared = 0;
        for Mark { epoch, through, chain, .. } in marks.iter().filter(|mark| mark.node == node) {
            let Some(own) = self.chains.get(epoch) else { panic!("{node} never had the epoch {epoch}") };
            if let Some(own) = own.get(through) {
                assert_eq!(own, chain, "{node} and the aggregator tell two histories of {epoch} at {through}");
                compared += 1;
            }
        }
        compared
    }

    fn note(&mut self, epoch: &str, seq: u64, chain: &api::frame::Chain) {
        let chain = hex::encode(chain.0);
        let known = self.chains.entry(epoch.to_owned()).or_default().insert(seq, chain.clone());
        assert!(known.is_none_or(|known| known == chain), "{epoch} has two histories at {seq}");
    }
}

fn run(entry: &Entry) -> Option<String> {
    let Entry::Record(stored) = entry else { return None };
    match &stored.body {
        Body::Transition(transition) => Some(transition.result.run_id.to_string()),
        Body::Failure(failure) => Some(failure.result.run_id.to_string()),
        _ => None,
    }
}

/// Folders of epochs, oldest first, by the epoch's id.
fn folders(spool: &Path) -> Vec<(String, std::path::PathBuf)> {
    let Ok(entries) = fs::read_dir(spool) else { return vec![] };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("listed").path()).collect();
    paths.sort();
    let epoch = |path: &Path| Some(path.file_name()?.to_str()?.split_once('-')?.1.to_owned());
    paths.into_iter().filter_map(|path| Some((epoch(&path)?, path))).collect()
}

fn segments(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![] };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("listed").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
    paths.sort();
    paths
}
