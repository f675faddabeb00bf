//! Shell: reads the folder of manifests: every `.yaml` below it, as text. Hidden names are skipped, because editors and
//! ConfigMap mounts keep their own files there. It judges no manifest.

use std::fs::{File, FileType, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use api::limits::{MANIFEST_BYTES_MAX, MANIFEST_FILES_MAX, MANIFEST_FOLDERS_DEEP_MAX};
use api::manifest::FileText;

/// Why the folder cannot be read as a whole; what was in force stays.
#[derive(Debug, thiserror::Error)]
pub(super) enum DirError {
    /// A folder is not there or not readable.
    #[error("the folder {folder} cannot be read")]
    Folder {
        /// Which one.
        folder: String,
        /// What the system says.
        source: io::Error,
    },
    /// Too much to be meant.
    #[error(
        "{0}: more than {MANIFEST_FILES_MAX} manifest files, or folders more than {MANIFEST_FOLDERS_DEEP_MAX} deep; join files, or remove what is no manifest"
    )]
    TooMany(String),
}

/// Every manifest file below `root`, in order of its path. Blocks.
pub(super) fn read(root: &Path) -> Result<Vec<FileText>, DirError> {
    let mut files = vec![];
    walk(root, "", MANIFEST_FOLDERS_DEEP_MAX, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<FileText>) -> Result<(), DirError> {
    let failed = |source| DirError::Folder { folder: folder.display().to_string(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // A name that is no text cannot be told in a refusal; it is no manifest of ours.
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let inner = format!("{prefix}{name}");
        match look(&path) {
            Ok(Some(kind)) if kind.is_dir() => {
                let left = depth.checked_sub(1).ok_or_else(|| DirError::TooMany(folder.display().to_string()))?;
                walk(&path, &format!("{inner}/"), left, files)?;
            }
            Ok(Some(kind)) if kind.is_file() && FileText::is_manifest(name) => files.push(text(&path, inner)),
            Ok(Some(_)) => {}
            // Gone since it was listed: the next look sees that too.
            Ok(None) => continue,
            // What cannot be looked at is not gone, and what it last defined stays.
            Err(error) if FileText::is_manifest(name) => files.push(unreadable(inner, &error)),
            // It may be a folder, and nobody knows which rules are in it.
            Err(source) => return Err(DirError::Folder { folder: path.display().to_string(), source }),
        }
        if files.len() > MANIFEST_FILES_MAX {
            return Err(DirError::TooMany(folder.display().to_string()));
        }
    }
    Ok(())
}

/// What stands at a path, links followed; none when nothing does. A link to what is not there is an error.
fn look(path: &Path) -> io::Result<Option<FileType>> {
    let is_none = |looked: &io::Result<Metadata>| matches!(looked, Err(error) if error.kind() == ErrorKind::NotFound);
    let looked = std::fs::metadata(path);
    if is_none(&looked) && is_none(&std::fs::symlink_metadata(path)) {
        return Ok(None);
    }
    looked.map(|found| Some(found.file_type()))
}

fn unreadable(inner: String, error: &io::Error) -> FileText {
    FileText::unreadable(inner, format!("the file cannot be read: {error}"))
}

fn text(path: &Path, inner: String) -> FileText {
    let mut bytes = vec![];
    let read = File::open(path).and_then(|file| file.take(MANIFEST_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => FileText::from_bytes(inner, bytes),
        Err(error) => unreadable(inner, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_all_folders_come_in_order_and_hidden_ones_not_at_all() {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in [("b.yaml", "b"), ("a/z.yml", "z"), ("a/.hidden.yaml", "x"), ("a/readme.md", "x")] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        std::fs::create_dir(root.path().join("..data")).expect("made");
        std::fs::write(root.path().join("..data/m.yaml"), "m").expect("written");
        std::os::unix::fs::symlink("..data/m.yaml", root.path().join("m.yaml")).expect("linked");
        let files = read(root.path()).expect("read");
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/z.yml", "b.yaml", "m.yaml"]);
        assert_eq!(files[2].text, Ok("m".to_owned()));
    }

    #[test]
    fn a_folder_that_is_not_there_and_a_circle_of_links_are_errors() {
        let root = tempfile::tempdir().expect("a folder");
        assert!(matches!(read(&root.path().join("none")), Err(DirError::Folder { .. })));
        std::os::unix::fs::symlink(".", root.path().join("again")).expect("linked");
        assert!(matches!(read(root.path()), Err(DirError::TooMany(_))));
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_gone() {
        let root = tempfile::tempdir().expect("a folder");
        // A circle of links fails like a folder without the right to enter it, also for root.
        std::os::unix::fs::symlink("freeze.yaml", root.path().join("freeze.yaml")).expect("linked");
        std::os::unix::fs::symlink("gone", root.path().join("policy.yaml")).expect("linked");
        let files = read(root.path()).expect("read");
        assert!(files.iter().all(|file| file.text.is_err()), "{files:?}");
        assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["freeze.yaml", "policy.yaml"]);
        std::os::unix::fs::symlink("platform-freezes", root.path().join("platform-freezes")).expect("linked");
        let read = read(root.path());
        assert!(matches!(&read, Err(DirError::Folder { folder, .. }) if folder.ends_with("platform-freezes")));
    }
}
