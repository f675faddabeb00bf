//! Shell: manifests of a folder, or of one file, as text; the components beside them; and any file up to a limit. Called
//! by `check` and by `up`. It understands nothing of what it reads.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use api::limits::{COMPONENT_BYTES_MAX, MANIFEST_BYTES_MAX, MANIFEST_FILES_MAX, MANIFEST_FOLDERS_DEEP_MAX};
use api::manifest::FileText;

use crate::failure::Failure;

/// Every manifest file below a folder, in the order of their paths.
pub(crate) fn texts(root: &Path) -> Result<Vec<FileText>, Failure> {
    let mut found = vec![];
    walk(root, Path::new(""), 0, &mut found)?;
    found.sort_by(|a: &FileText, b| a.path.cmp(&b.path));
    Ok(found)
}

/// One manifest file, whatever its name; one that cannot be read is named as it was given.
pub(crate) fn text(file: &Path) -> Result<FileText, Failure> {
    let name = file.file_name().map_or_else(|| file.to_string_lossy(), |name| name.to_string_lossy());
    let bytes = read_at_most(file, MANIFEST_BYTES_MAX)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    Ok(FileText::from_bytes(name.into_owned(), bytes))
}

fn walk(root: &Path, below: &Path, depth: usize, found: &mut Vec<FileText>) -> Result<(), Failure> {
    let folder = root.join(below);
    let complain = |error: &std::io::Error| Failure::Usage(format!("{} cannot be read: {error}", folder.display()));
    if depth > MANIFEST_FOLDERS_DEEP_MAX {
        return Err(too_many(&folder));
    }
    for entry in fs::read_dir(&folder).map_err(|error| complain(&error))? {
        let entry = entry.map_err(|error| complain(&error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = below.join(&name);
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            walk(root, &path, depth + 1, found)?;
        } else if FileText::is_manifest(&name) {
            found.push(read_text(&entry.path(), path.to_string_lossy().into_owned()));
        }
        if found.len() > MANIFEST_FILES_MAX {
            return Err(too_many(&folder));
        }
    }
    Ok(())
}

/// As the aggregator says it of its own folder.
fn too_many(folder: &Path) -> Failure {
    Failure::Usage(format!(
        "{}: more than {MANIFEST_FILES_MAX} manifest files, or folders more than {MANIFEST_FOLDERS_DEEP_MAX} deep; join files, or remove what is no manifest",
        folder.display()
    ))
}

fn read_text(file: &Path, name: String) -> FileText {
    match read_at_most(file, MANIFEST_BYTES_MAX) {
        Ok(bytes) => FileText::from_bytes(name, bytes),
        Err(error) => FileText::unreadable(name, format!("cannot be read: {error}")),
    }
}

/// A component, named by a manifest, that must lie below the folder of manifests.
pub(crate) fn component(root: &Path, file: &str) -> Result<Vec<u8>, String> {
    let inside = |path: PathBuf| path.canonicalize().map_err(|error| format!("{file} cannot be read: {error}"));
    let (root, path) = (inside(root.to_owned())?, inside(root.join(file))?);
    if !path.starts_with(&root) {
        return Err(format!("{file} is a link out of the folder of manifests"));
    }
    component_at(&path)
}

/// A component wherever it lies.
pub(crate) fn component_at(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = read_at_most(path, COMPONENT_BYTES_MAX);
    let bytes = bytes.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(format!("{} has more than {COMPONENT_BYTES_MAX} bytes", path.display()));
    }
    Ok(bytes)
}

/// The first bytes of a file: one more than the limit, so that too long is seen.
pub(crate) fn read_at_most(file: &Path, bytes_max: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    fs::File::open(file)?.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_found_in_order_and_links_do_not_lead_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("b")).expect("a folder");
        for (name, text) in [("b/c.yml", "c"), ("a.yaml", "a"), (".hidden.yaml", "x"), ("notes.txt", "x")] {
            fs::write(at(name), text).expect("a file");
        }
        let texts = texts(folder.path()).expect("texts");
        assert_eq!(texts.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a.yaml", "b/c.yml"]);
        std::os::unix::fs::symlink("/etc/hostname", at("p.wasm")).expect("a link");
        assert!(component(folder.path(), "p.wasm").is_err());
        let missing = text(&at("missing.yaml")).expect_err("is not there").to_string();
        assert!(missing.starts_with(&at("missing.yaml").display().to_string()), "{missing}");
        assert_eq!(component(folder.path(), "a.yaml"), Ok(b"a".to_vec()));
        std::os::unix::fs::symlink(".", at("again")).expect("a link");
        let circle = super::texts(folder.path()).expect_err("a circle of links").to_string();
        assert!(circle.contains("more than 8 deep"), "{circle}");
    }
}
