//! What answers the capability calls of guests on this node: state, ledger, facts and files; values of secrets. One file
//! a capability; `run` hands them to the host.

pub mod ledger;
pub mod node;
pub mod secrets;
pub mod state;

use std::path::{Path, PathBuf};

use host::Owner;

/// Folder of what is the platform's: no tenant can have this name.
const PLATFORM: &str = "_platform";

/// The file of an owner below a folder: tenants and ids are plain names.
pub(super) fn file_of(folder: &Path, owner: &Owner) -> PathBuf {
    let tenant = if owner.tenant.is_empty() { PLATFORM } else { &owner.tenant };
    folder.join(tenant).join(&owner.check)
}
