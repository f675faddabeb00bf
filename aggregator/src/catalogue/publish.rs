//! Shell: keeps the published catalogue current: looks at the folder when it changes, has plugins described, makes the
//! next catalogue from the one before, and tells what was refused. A freeze is in force within two seconds of its file,
//! whatever a plugin's compile takes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::catalogue::{self, Catalogue};
use api::manifest::FileText;
use process::clock::SharedClock;
use process::ready::Latch;
use process::supervise::{blocking, chain};
use process::watch::{FolderWatch, Patience};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Metrics;
use super::describing::Describing;
use super::dir;
use crate::authz::PlatformScope;
use crate::plugin::Library;
use crate::store::Store;
use crate::store::change::{ChangeError, Note, Recorded};

/// How long a change waits for new plugins to be described, so that their checks do not vanish for a moment: with the
/// watch's pause and the reading it stays below two seconds.
const HOLD: Duration = Duration::from_millis(1_200);
/// The same at the start, when nothing is in force yet: a dozen compiles.
const HOLD_FIRST: Duration = Duration::from_secs(15);
/// Names in an audit entry; the numbers beside them are whole.
const NAMES_MAX: usize = 100;

/// Where manifests are.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder.
    pub folder: PathBuf,
}

/// Publishes the catalogue.
pub struct Publisher {
    folder: PathBuf,
    describing: Describing,
    store: Store,
    clock: SharedClock,
    metrics: Metrics,
    published: watch::Sender<Arc<Catalogue>>,
    texts: Vec<FileText>,
}

impl Publisher {
    /// A publisher, and what it will publish: first the empty catalogue, whose version is empty, then the folder's.
    pub fn new(
        config: Config,
        library: Library,
        store: Store,
        clock: SharedClock,
        metrics: Metrics,
    ) -> (Self, watch::Receiver<Arc<Catalogue>>) {
        let (published, receiver) = watch::channel(Arc::new(Catalogue::default()));
        let describing = Describing::new(Arc::new(library));
        (Self { folder: config.folder, describing, store, clock, metrics, published, texts: vec![] }, receiver)
    }

    /// Publishes until `token` is cancelled; `ready` is released with the first catalogue.
    ///
    /// # Errors
    /// Never; the type is that of a supervised task.
    pub async fn run(mut self, ready: Latch, token: CancellationToken) -> Result<(), Infallible> {
        let mut watch = FolderWatch::begin(&self.folder, Patience::default());
        let mut hold = HOLD_FIRST;
        let mut ready = Some(ready);
        loop {
            if self.look().await {
                self.describe_within(hold).await;
                self.publish().await;
                hold = HOLD;
                if let Some(ready) = ready.take() {
                    ready.release();
                }
            }
            if self.until_change(&mut watch, &token).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads the folder; a folder that cannot be read leaves everything as it is.
    async fn look(&mut self) -> bool {
        let folder = self.folder.clone();
        let read = blocking("catalogue read", move || dir::read(&folder)).await;
        match read.map_err(|panic| panic.to_string()).and_then(|read| read.map_err(|error| chain(&error))) {
            Ok(texts) => {
                self.texts = texts;
                self.describing.looked();
                true
            }
            Err(error) => {
                tracing::error!(error, "manifests cannot be read; what was in force stays");
                false
            }
        }
    }

    /// Has what is wanted described, for as long as `hold` at most.
    async fn describe_within(&mut self, hold: Duration) {
        let next = self.next();
        let all = async {
            while self.describing.ask_next(&next, &self.folder, self.clock.boot()) {
                self.describing.answered(|| self.clock.boot()).await;
            }
        };
        // What is not described by then comes with a later catalogue.
        tokio::time::timeout(hold, all).await.ok();
    }

    /// Waits for the folder to change, describing what is left meanwhile. None when it is to stop.
    async fn until_change(&mut self, watch: &mut FolderWatch, token: &CancellationToken) -> Option<()> {
        loop {
            let current = Arc::clone(&self.published.borrow());
            self.describing.ask_next(&current, &self.folder, self.clock.boot());
            tokio::select! {
                () = token.cancelled() => return None,
                () = watch.changed() => return Some(()),
                () = self.describing.answered(|| self.clock.boot()) => {}
            }
            self.publish().await;
        }
    }

    fn next(&self) -> Catalogue {
        catalogue::next(&self.published.borrow(), &self.texts, self.describing.known())
    }

    /// Makes the next catalogue, and publishes it when it says anything else than the one before.
    async fn publish(&mut self) {
        let before = Arc::clone(&self.published.borrow());
        let next = Arc::new(self.next());
        self.metrics.published(&next);
        for refusal in next.refused.iter().filter(|refusal| !before.refused.contains(refusal)) {
            let head = refusal.head.as_ref().map(ToString::to_string);
            tracing::warn!(
                file = refusal.file,
                line = refusal.line,
                column = refusal.column,
                field = refusal.field,
                document = head,
                remedy = refusal.remedy,
                "refused: {}",
                refusal.message
            );
        }
        let changed = next.version != before.version;
        // Also when nothing in force changed: the next one remembers the files as they are now.
        self.published.send_replace(Arc::clone(&next));
        if changed {
            let counts = (next.tenants.len(), next.checks.len(), next.rules.len(), next.policies.len());
            let (tenants, checks, rules, policies) = counts;
            tracing::info!(version = next.version, tenants, checks, rules, policies, "catalogue in force");
            note(&self.store, self.clock.wall_ms(), &before, &next).await;
        }
    }
}

/// The law's changes belong into the platform's audit trail.
async fn note(store: &Store, at_ms: i64, before: &Catalogue, next: &Catalogue) {
    let is_first = before.version.is_empty();
    let action = if is_first { "catalogue.loaded" } else { "catalogue.changed" };
    let law = changes(&documents(before), &documents(next));
    let broken: Vec<_> = next.broken_law.iter().take(NAMES_MAX).map(|law| law.rule.clone()).collect();
    let detail = serde_json::json!({
        "changes": law.len(), "documents": law[..law.len().min(NAMES_MAX)], "broken": broken,
    });
    let note = Note { action, subject: next.version.clone(), detail };
    let scope = PlatformScope::system("catalogue").own();
    let written = store.change(&scope, at_ms, |_| Ok(Recorded::noted((), note)));
    let written: Result<(), ChangeError<Infallible>> = written.await;
    if let Err(ChangeError::Store(error)) = written {
        tracing::error!(error = %chain(&error), "a change of the catalogue is missing in the audit trail");
    }
}

/// Tenants, rules and policies in force, by kind and name, with their versions.
fn documents(catalogue: &Catalogue) -> BTreeMap<String, &str> {
    let tenants = catalogue.tenants.values().map(|it| (it.head().to_string(), it.version.as_str()));
    let rules = catalogue.rules.iter().map(|it| (it.manifest.head().to_string(), it.manifest.version.as_str()));
    let policies = catalogue.policies.iter().map(|it| (it.manifest.head().to_string(), it.manifest.version.as_str()));
    tenants.chain(rules).chain(policies).collect()
}

/// What was added, changed or removed, in words.
fn changes(before: &BTreeMap<String, &str>, next: &BTreeMap<String, &str>) -> Vec<String> {
    let removed = before.keys().filter(|name| !next.contains_key(*name)).map(|name| format!("removed {name}"));
    let written = next.iter().filter_map(|(name, version)| match before.get(name) {
        None => Some(format!("added {name} {version}")),
        Some(old) if old != version => Some(format!("changed {name} {old} {version}")),
        Some(_) => None,
    });
    removed.chain(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_name_and_version() {
        let before = BTreeMap::from([("FreezeRule a".to_owned(), "1"), ("FreezeRule b".to_owned(), "1")]);
        let next = BTreeMap::from([("FreezeRule b".to_owned(), "2"), ("Tenant c".to_owned(), "1")]);
        assert_eq!(changes(&before, &next), ["removed FreezeRule a", "changed FreezeRule b 1 2", "added Tenant c 1"]);
        assert!(changes(&next, &next).is_empty());
    }
}
