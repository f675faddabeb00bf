//! Shell: a standalone agent's checks: the manifests of a folder, watched, through the same catalogue as the
//! aggregator's. Every check of the folder runs here; what is refused is logged with file, line and remedy. Secrets and
//! leases need an aggregator: checks that want them are skipped and say so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::catalogue::{Catalogue, DescribedPlugin, DescribedPlugins, Plugin, next};
use api::frame::{Assignments, PluginRef};
use api::id::Digest;
use api::limits::{COMPONENT_BYTES_MAX, DESCRIBE_BYTES_MAX, MANIFEST_BYTES_MAX};
use api::manifest::{FileText, Refusal};
use bytes::Bytes;
use process::clock::SharedClock;
use process::ready::Latch;
use process::supervise::{Panicked, blocking, chain};
use process::watch::{FolderWatch, Patience};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::disk::{self, DiskError, failed};
use crate::plugin::artefact::Artefacts;
use crate::plugin::error::ArtefactError;
use crate::plugin::fetch::{Components, FetchError, remove_others};
use crate::plugin::state::Health;

/// Manifest files of one folder; a node has some hundred checks.
const FILES_MAX: usize = 2_000;
/// Folders in folders. Also ends a circle of links.
const DEPTH_MAX: usize = 8;

/// A folder of manifests.
pub struct Folder {
    /// The folder.
    pub checks: PathBuf,
    /// Where descriptions of plugins are kept.
    pub descriptions: PathBuf,
    /// Where components are kept, for the plugin stage.
    pub components: Components,
    /// What compiles, to ask plugins what they are.
    pub artefacts: Artefacts,
    /// When a plugin that does not compile is compiled again.
    pub clock: SharedClock,
    /// Who runs by it.
    pub assignments: watch::Sender<Arc<Assignments>>,
}

/// Why a plugin is not described.
#[derive(Debug, thiserror::Error)]
enum DescribeError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("the file {0} is not there")]
    Absent(String),
    #[error("the file {file} has the digest {found}")]
    Digest { file: String, found: Digest },
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Artefact(#[from] ArtefactError),
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error("{0}")]
    Answer(String),
}

/// What plugins said of themselves.
#[derive(Default)]
struct Asked {
    described: DescribedPlugins,
    /// Those that did not compile, which costs up to a minute of CPU each time.
    failed: BTreeMap<Digest, Health>,
}

// === impl Asked ===

impl Asked {
    fn retain(&mut self, digests: &BTreeSet<Digest>) {
        self.described.retain(|digest, _| digests.contains(digest));
        self.failed.retain(|digest, _| digests.contains(digest));
    }

    /// One that failed is asked again: at once where its file may have come, later and later where it did not compile.
    fn is_to_ask(&self, digest: &Digest, now_boot_ms: u64) -> bool {
        let is_described = matches!(self.described.get(digest), Some(Ok(_)));
        !is_described && self.failed.get(digest).is_none_or(|health| health.is_to_prepare(now_boot_ms))
    }

    fn answered(&mut self, digest: &Digest, answer: Result<DescribedPlugin, DescribeError>, now_boot_ms: u64) {
        match &answer {
            Err(DescribeError::Artefact(_) | DescribeError::Answer(_)) => {
                self.failed.entry(digest.clone()).or_default().fail(String::new(), now_boot_ms);
            }
            _ => drop(self.failed.remove(digest)),
        }
        self.described.insert(digest.clone(), answer.map(Arc::new).map_err(|error| chain(&error)));
    }
}

// === impl Folder ===

impl Folder {
    /// Follows the folder until `token` is cancelled; `ready` is released once it was read.
    ///
    /// # Errors
    /// A bug; an unreadable folder or file is logged, and what it last held stays.
    pub async fn run(self, ready: Latch, token: CancellationToken) -> Result<(), Panicked> {
        let mut watch = FolderWatch::begin(&self.checks, Patience::default());
        let (mut catalogue, mut asked) = (Catalogue::default(), Asked::default());
        let mut ready = Some(ready);
        loop {
            let root = self.checks.clone();
            match blocking("read the checks", move || read(&root)).await? {
                Err(error) => {
                    tracing::error!(error = %chain(&error), "the folder of checks is not readable, the last checks stay")
                }
                Ok(texts) => {
                    let made = tokio::select! {
                        () = token.cancelled() => return Ok(()),
                        made = self.make(&catalogue, &texts, &mut asked) => made,
                    };
                    complain(&catalogue.refused, &made.refused);
                    catalogue = made;
                    self.publish(&catalogue);
                    ready.take();
                }
            }
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                () = watch.changed() => {}
            }
        }
    }

    /// The catalogue of these texts, with every plugin asked what it is.
    async fn make(&self, previous: &Catalogue, texts: &[FileText], asked: &mut Asked) -> Catalogue {
        let made = next(previous, texts, &asked.described);
        let digests = made.plugins.values().map(|plugin| plugin.manifest.spec.digest.clone()).collect();
        asked.retain(&digests);
        if let Err(error) = remove_others(&self.descriptions, &digests) {
            tracing::warn!(error = %chain(&error), "descriptions of plugins that are gone cannot be removed");
        }
        let mut is_new = false;
        for plugin in made.plugins.values() {
            let digest = &plugin.manifest.spec.digest;
            if asked.is_to_ask(digest, self.clock.boot_ms()) {
                let answer = self.describe(plugin).await;
                asked.answered(digest, answer, self.clock.boot_ms());
                is_new = true;
            }
        }
        if is_new { next(&made, texts, &asked.described) } else { made }
    }

    async fn describe(&self, plugin: &Plugin) -> Result<DescribedPlugin, DescribeError> {
        let digest = plugin.manifest.spec.digest.clone();
        let path = self.checks.join(&plugin.file);
        let read = blocking("read a component", move || disk::read(&path, COMPONENT_BYTES_MAX)).await??;
        let component = read.map(Bytes::from).ok_or_else(|| DescribeError::Absent(plugin.file.clone()))?;
        let found = Digest::of(&component);
        if found != digest {
            return Err(DescribeError::Digest { file: plugin.file.clone(), found });
        }
        self.components.keep(&digest, component.clone()).await?;
        let kept = self.descriptions.join(digest.hex());
        let answer = match disk::read(&kept, DESCRIBE_BYTES_MAX)?.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(answer) => answer,
            None => {
                let answer = self.artefacts.compile(&digest, &component).await?;
                disk::folder(&self.descriptions)?;
                disk::replace(&kept, answer.as_bytes())?;
                answer
            }
        };
        let described = DescribedPlugin::parse(digest, &answer);
        described.map_err(|error| DescribeError::Answer(DescribedPlugin::complaint(&error)))
    }

    fn publish(&self, catalogue: &Catalogue) {
        let mut plugins: Vec<PluginRef> = catalogue.checks.values().map(|check| check.plugin.clone()).collect();
        plugins.sort_by(|one, other| one.digest.cmp(&other.digest));
        plugins.dedup_by(|one, other| one.digest == other.digest);
        let checks = catalogue.checks.values().map(|check| check.assignment(|_| None)).collect();
        let assignments = Assignments { etag: catalogue.version.clone(), checks, plugins };
        if **self.assignments.borrow() != assignments {
            tracing::info!(
                checks = assignments.checks.len(),
                refused = catalogue.refused.len(),
                "the folder of checks was read"
            );
            self.assignments.send_replace(Arc::new(assignments));
        }
    }
}

/// Says what is refused that was not refused before.
fn complain(before: &[Refusal], now: &[Refusal]) {
    for refusal in now.iter().filter(|refusal| !before.contains(refusal)) {
        let Refusal { file, line, column, field, message, remedy, head: _ } = refusal;
        // A field named `message` would take the place of the event's own in JSON.
        tracing::error!(file, line, column, field, why = message, remedy, "a manifest is refused");
    }
}

/// Every manifest file below a folder.
fn read(root: &Path) -> Result<Vec<FileText>, DiskError> {
    let mut files = vec![];
    walk(root, "", DEPTH_MAX, &mut files)?;
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, depth_left: usize, files: &mut Vec<FileText>) -> Result<(), DiskError> {
    let too_many = || {
        let message = format!("over {FILES_MAX} manifests, or folders over {DEPTH_MAX} deep: give this node fewer");
        failed("read", folder)(std::io::Error::other(message))
    };
    for entry in std::fs::read_dir(folder).map_err(failed("list", folder))? {
        let path = entry.map_err(failed("list", folder))?.path();
        // Hidden names are editors' and ConfigMaps' own.
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let inner = format!("{prefix}{name}");
        if path.is_dir() {
            let left = depth_left.checked_sub(1).ok_or_else(too_many)?;
            walk(&path, &format!("{inner}/"), left, files)?;
        } else if FileText::is_manifest(name) {
            if files.len() == FILES_MAX {
                return Err(too_many());
            }
            files.push(text(&path, inner));
        }
    }
    Ok(())
}

fn text(path: &Path, inner: String) -> FileText {
    let mut bytes = vec![];
    let read = File::open(path).and_then(|file| file.take(MANIFEST_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => FileText::from_bytes(inner, bytes),
        Err(error) => FileText::unreadable(inner, format!("the file cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_compile_is_asked_later_and_what_is_not_there_at_once() {
        let (mut asked, digest) = (Asked::default(), Digest::of(b"component"));
        assert!(asked.is_to_ask(&digest, 0));
        asked.answered(&digest, Err(DescribeError::Absent("plugin.wasm".into())), 0);
        assert!(asked.is_to_ask(&digest, 0), "its file may have come");
        asked.answered(&digest, Err(DescribeError::Answer("no schema".into())), 0);
        assert!(!asked.is_to_ask(&digest, 4_999) && asked.is_to_ask(&digest, 5_000));
        asked.answered(&digest, Err(DescribeError::Answer("no schema".into())), 5_000);
        assert!(!asked.is_to_ask(&digest, 14_999) && asked.is_to_ask(&digest, 15_000));
        asked.retain(&BTreeSet::new());
        assert!(asked.is_to_ask(&digest, 5_000), "a plugin that was taken away and given back");
    }

    #[test]
    fn manifests_are_found_below_and_hidden_ones_are_not() {
        let root = tempfile::tempdir().expect("a folder");
        for folder in ["acme", "..data"] {
            std::fs::create_dir(root.path().join(folder)).expect("makes");
        }
        for file in ["acme/check.yaml", "plugin.yml", "plugin.wasm", ".swp.yaml", "..data/check.yaml"] {
            std::fs::write(root.path().join(file), "kind: Check").expect("writes");
        }
        let mut paths: Vec<String> = read(root.path()).expect("reads").into_iter().map(|file| file.path).collect();
        paths.sort();
        assert_eq!(paths, ["acme/check.yaml", "plugin.yml"]);
        std::os::unix::fs::symlink(".", root.path().join("again")).expect("links");
        assert!(read(root.path()).is_err(), "a circle ends");
    }
}
