//! Shell: folders that are there after a power cut. Used by agent and aggregator for everything they keep: what is
//! synced in a folder is lost with the folder's own name.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// For the owner alone: what is kept is configurations, native code, keys, hashes of tokens.
const MODE: u32 = 0o700;

/// Makes a folder and those above it, for this user alone, and makes their names durable.
///
/// # Errors
/// The system refuses.
pub fn make(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|above| !above.exists()).collect();
    DirBuilder::new().recursive(true).mode(MODE).create(path)?;
    missing.iter().rev().try_for_each(|made| sync_name(made))?;
    match sync_name(path) {
        // One that was there before, in a folder of somebody else, who keeps its name.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        // A process that was killed between making and syncing it left that to us.
        ended => ended,
    }
}

fn sync_name(of: &Path) -> io::Result<()> {
    let above = of.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(above)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn folders_are_made_for_their_owner_and_may_be_there_already() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("a/b");
        make(&folder).expect("made");
        make(&folder).expect("there");
        assert_eq!(std::fs::metadata(&folder).expect("there").permissions().mode() & 0o777, MODE);
        std::fs::write(root.path().join("file"), "").expect("written");
        assert!(make(&root.path().join("file/below")).is_err());
    }
}
