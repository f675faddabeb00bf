//! Shell: a standalone agent's checks: the manifests of a folder, watched, through the same catalogue as the
//! aggregator's. Every check of the folder runs here; what is refused is logged with file, line and remedy. Secrets and
//! leases need an aggregator: checks that want them are skipped and say so.

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
use process::ready::Latch;
use process::supervise::{Panicked, blocking, chain};
use process::watch::{FolderWatch, Patience};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::disk::{self, DiskError, failed};
use crate::plugin::artefact::{ArtefactError, Artefacts};
use crate::plugin::fetch::{Components, FetchError};

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

// === impl Folder ===

impl Folder {
    /// Follows the folder until `token` is cancelled; `ready` is released once it was read.
    ///
    /// # Errors
    /// A bug; an unreadable folder or file is logged, and what it last held stays.
    pub async fn run(self, ready: Latch, token: CancellationToken) -> Result<(), Panicked> {
        let mut watch = FolderWatch::begin(&self.checks, Patience::default());
        let (mut catalogue, mut described) = (Catalogue::default(), DescribedPlugins::new());
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
                        made = self.make(&catalogue, &texts, &mut described) => made,
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
    async fn make(&self, previous: &Catalogue, texts: &[FileText], described: &mut DescribedPlugins) -> Catalogue {
        let made = next(previous, texts, described);
        described.retain(|digest, _| made.plugins.values().any(|plugin| plugin.manifest.spec.digest == *digest));
        let mut is_new = false;
        for plugin in made.plugins.values() {
            let digest = &plugin.manifest.spec.digest;
            // One that failed is asked again: its file may have come.
            if !matches!(described.get(digest), Some(Ok(_))) {
                let answer = self.describe(plugin).await.map(Arc::new).map_err(|error| chain(&error));
                described.insert(digest.clone(), answer);
                is_new = true;
            }
        }
        if is_new { next(&made, texts, described) } else { made }
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
        tracing::error!(file, line, column, field, message, remedy, "a manifest is refused");
    }
}

/// Every manifest file below a folder.
fn read(root: &Path) -> Result<Vec<FileText>, DiskError> {
    let mut files = vec![];
    walk(root, "", DEPTH_MAX, &mut files)?;
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, depth_left: usize, files: &mut Vec<FileText>) -> Result<(), DiskError> {
    let too_many = || failed("read", folder)(std::io::Error::other("too many files, or folders too deep"));
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
