//! What plugins say of themselves, as far as it is known, and the one that is being asked. Called by `publish`; asking is
//! `plugin::Library`'s. One at a time, because the compiler's child takes half a gigabyte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::catalogue::{Catalogue, DescribedPlugin, DescribedPlugins};
use api::id::Digest;

use crate::plugin::{Library, Undescribed};

/// A component that failed is asked again after this: a compile costs seconds. One whose file failed is asked again as
/// soon as the folder changed.
const AGAIN: Duration = Duration::from_secs(60);

type Answer = (Digest, Result<Arc<DescribedPlugin>, Undescribed>);
type Asking = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A question that failed.
struct Failed {
    at: Duration,
    /// The look before it was asked; none when another look changes nothing.
    file_of_look: Option<u64>,
}

/// Answers by component, and the question under way.
pub(super) struct Describing {
    library: Arc<Library>,
    known: DescribedPlugins,
    failed: BTreeMap<Digest, Failed>,
    /// Looks at the folder so far.
    looks: u64,
    /// The question, and the look before it was asked.
    asking: Option<(u64, Asking)>,
}

impl Describing {
    pub(super) fn new(library: Arc<Library>) -> Self {
        Self { library, known: DescribedPlugins::new(), failed: BTreeMap::new(), looks: 0, asking: None }
    }

    /// What is known.
    pub(super) fn known(&self) -> &DescribedPlugins {
        &self.known
    }

    /// The folder was looked at: what it lacked may be there now.
    pub(super) fn looked(&mut self) {
        self.looks += 1;
    }

    /// Forgets what the catalogue no longer names, and asks the next that is wanted, unless one is being asked. Says
    /// whether one is.
    pub(super) fn ask_next(&mut self, catalogue: &Catalogue, folder: &Path, boot: Duration) -> bool {
        let wanted: BTreeSet<&Digest> = catalogue.plugins.values().map(|plugin| &plugin.manifest.spec.digest).collect();
        self.known.retain(|digest, _| wanted.contains(digest));
        self.failed.retain(|digest, _| wanted.contains(digest));
        if self.asking.is_none() {
            let again = |failed: &Failed| {
                let is_older = failed.file_of_look.is_some_and(|look| look < self.looks);
                is_older || boot.saturating_sub(failed.at) >= AGAIN
            };
            let due = |digest: &Digest| match self.known.get(digest) {
                None => true,
                Some(Ok(_)) => false,
                Some(Err(_)) => self.failed.get(digest).is_none_or(again),
            };
            let next = catalogue.plugins.values().find(|plugin| due(&plugin.manifest.spec.digest));
            self.asking = next.map(|plugin| {
                let (library, digest) = (Arc::clone(&self.library), plugin.manifest.spec.digest.clone());
                let file = folder.join(&plugin.file);
                let asking: Asking = Box::pin(async move {
                    let described = library.described(file, &digest).await;
                    (digest, described)
                });
                (self.looks, asking)
            });
        }
        self.asking.is_some()
    }

    /// Waits for the question under way, and keeps its answer; never ends when there is none. Safe to cancel.
    pub(super) async fn answered(&mut self, boot: impl FnOnce() -> Duration) {
        let Some((look, asking)) = &mut self.asking else { return std::future::pending().await };
        let (look, (digest, answer)) = (*look, asking.await);
        self.asking = None;
        if let Err(error) = &answer {
            let file_of_look = matches!(error, Undescribed::File(_)).then_some(look);
            self.failed.insert(digest.clone(), Failed { at: boot(), file_of_look });
        }
        self.known.insert(digest, answer.map_err(|error| error.to_string()));
    }
}

#[cfg(test)]
mod tests;
