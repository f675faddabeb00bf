//! What plugins say of themselves, as far as it is known, and the one that is being asked. Called by `publish`; asking is
//! `plugin::Library`'s. One at a time, because the compiler's child takes half a gigabyte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::catalogue::{Catalogue, DescribedPlugin, DescribedPlugins};
use api::id::Digest;

use crate::plugin::Library;

/// A component that failed is asked again after this: its file may have come meanwhile, and a compile costs seconds.
const AGAIN: Duration = Duration::from_secs(60);

type Answer = (Digest, Result<Arc<DescribedPlugin>, String>);
type Asking = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Answers by component, and the question under way.
pub(super) struct Describing {
    library: Arc<Library>,
    known: DescribedPlugins,
    failed_at: BTreeMap<Digest, Duration>,
    asking: Option<Asking>,
}

impl Describing {
    pub(super) fn new(library: Arc<Library>) -> Self {
        Self { library, known: DescribedPlugins::new(), failed_at: BTreeMap::new(), asking: None }
    }

    /// What is known.
    pub(super) fn known(&self) -> &DescribedPlugins {
        &self.known
    }

    /// Forgets what the catalogue no longer names, and asks the next that is wanted, unless one is being asked. Says
    /// whether one is.
    pub(super) fn ask_next(&mut self, catalogue: &Catalogue, folder: &Path, boot: Duration) -> bool {
        let wanted: BTreeSet<&Digest> = catalogue.plugins.values().map(|plugin| &plugin.manifest.spec.digest).collect();
        self.known.retain(|digest, _| wanted.contains(digest));
        self.failed_at.retain(|digest, _| wanted.contains(digest));
        if self.asking.is_none() {
            let due = |digest: &Digest| match self.known.get(digest) {
                None => true,
                Some(Ok(_)) => false,
                Some(Err(_)) => self.failed_at.get(digest).is_none_or(|at| boot.saturating_sub(*at) >= AGAIN),
            };
            let next = catalogue.plugins.values().find(|plugin| due(&plugin.manifest.spec.digest));
            self.asking = next.map(|plugin| {
                let (library, digest) = (Arc::clone(&self.library), plugin.manifest.spec.digest.clone());
                let file = folder.join(&plugin.file);
                Box::pin(async move {
                    let described = library.described(file, &digest).await;
                    (digest, described)
                }) as Asking
            });
        }
        self.asking.is_some()
    }

    /// Waits for the question under way, and keeps its answer; never ends when there is none. Safe to cancel.
    pub(super) async fn answered(&mut self, boot: impl FnOnce() -> Duration) {
        let Some(asking) = &mut self.asking else { return std::future::pending().await };
        let (digest, answer) = asking.await;
        self.asking = None;
        if answer.is_err() {
            self.failed_at.insert(digest.clone(), boot());
        }
        self.known.insert(digest, answer);
    }
}
