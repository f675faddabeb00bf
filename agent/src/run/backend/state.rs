//! Shell: the small store of each check on this node: a file per check, replaced as a whole. Called by the host, which
//! bounds keys and values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use api::frame::codec;
use api::limits::{KEY_BYTES_MAX, STATE_KEYS_MAX, STATE_VALUE_BYTES_MAX};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use host::{BackendError, Owner, StateBackend, charged};
use process::supervise::{blocking, chain};
use serde::{Deserialize, Serialize};

use super::file_of;
use crate::disk;

/// All keys with all values, and as much again for their encoding.
const FILE_BYTES_MAX: usize = 2 * STATE_KEYS_MAX * (KEY_BYTES_MAX + STATE_VALUE_BYTES_MAX);

/// The stores of all checks.
#[derive(Clone, Debug)]
pub struct States {
    folder: PathBuf,
}

/// What a check remembers.
type Kept = BTreeMap<String, Value>;

#[derive(Debug, Serialize, Deserialize)]
struct Value(Vec<u8>);

// === impl States ===

impl States {
    /// Stores below a folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Reads the store of an owner, changes it or not, and keeps what it then holds if it was changed.
    fn with<'a, T: Send + 'static>(
        &'a self,
        owner: &'a Owner,
        act: impl FnOnce(&mut Kept) -> Result<Act<T>, BackendError> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, BackendError>> {
        let path = file_of(&self.folder, owner);
        let work = move || {
            let mut kept = read(&path)?;
            match act(&mut kept)? {
                Act::Looked(value) => Ok(value),
                Act::Changed(value) => write(&path, &kept).map(|()| value),
            }
        };
        // Charged where the guest's call is answered: afterwards nobody knows whose it is.
        let work = charged(work);
        async { blocking("state", work).await.unwrap_or_else(|error| Err(broken(&error))) }.boxed()
    }
}

enum Act<T> {
    Looked(T),
    Changed(T),
}

impl StateBackend for States {
    fn load<'a>(&'a self, owner: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, BackendError>> {
        let key = key.to_owned();
        self.with(owner, move |kept| Ok(Act::Looked(kept.remove(&key).map(|value| value.0))))
    }

    fn save<'a>(&'a self, owner: &'a Owner, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), BackendError>> {
        let key = key.to_owned();
        self.with(owner, move |kept| {
            if kept.len() >= STATE_KEYS_MAX && !kept.contains_key(&key) {
                return Err(BackendError::Full(format!("a check has at most {STATE_KEYS_MAX} keys")));
            }
            kept.insert(key, Value(value));
            Ok(Act::Changed(()))
        })
    }

    fn remove<'a>(&'a self, owner: &'a Owner, key: &'a str) -> BoxFuture<'a, Result<(), BackendError>> {
        let key = key.to_owned();
        self.with(owner, move |kept| Ok(kept.remove(&key).map_or(Act::Looked(()), |_| Act::Changed(()))))
    }
}

fn read(path: &Path) -> Result<Kept, BackendError> {
    match disk::read(path, FILE_BYTES_MAX) {
        Ok(None) => Ok(Kept::new()),
        Ok(Some(bytes)) => Ok(codec::decode(&bytes).unwrap_or_else(|error| {
            tracing::error!(file = %path.display(), error = %chain(&error), "the state of a check is damaged and begins anew");
            Kept::new()
        })),
        Err(error) => Err(broken(&error)),
    }
}

fn write(path: &Path, kept: &Kept) -> Result<(), BackendError> {
    let bytes = codec::encode(kept).expect("a map of bytes has a MessagePack form");
    let folder = path.parent().expect("a file of a folder");
    disk::folder(folder).and_then(|()| disk::replace(path, &bytes)).map_err(|error| broken(&error))
}

/// The author reads that it failed, the operator why.
fn broken(error: &(dyn std::error::Error + 'static)) -> BackendError {
    tracing::error!(error = %chain(error), "the state of a check cannot be used");
    BackendError::Failed("the node cannot keep state now".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(tenant: &str) -> Owner {
        Owner { tenant: tenant.to_owned(), check: "check".to_owned() }
    }

    #[tokio::test]
    async fn what_is_saved_is_loaded_by_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let states = States::new(folder.path().to_owned());
        let (own, other) = (owner("acme"), owner(""));
        states.save(&own, "last", b"one".to_vec()).await.expect("saves");
        let again = States::new(folder.path().to_owned());
        assert_eq!(again.load(&own, "last").await.expect("loads").as_deref(), Some(&b"one"[..]));
        assert_eq!(again.load(&other, "last").await.expect("loads"), None);
        again.remove(&own, "last").await.expect("removes");
        assert_eq!(states.load(&own, "last").await.expect("loads"), None);
    }

    #[tokio::test]
    async fn a_check_has_sixteen_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let states = States::new(folder.path().to_owned());
        for key in 0..STATE_KEYS_MAX {
            states.save(&owner("acme"), &key.to_string(), vec![7; STATE_VALUE_BYTES_MAX]).await.expect("saves");
        }
        let over = states.save(&owner("acme"), "one more", vec![]).await;
        assert!(matches!(over, Err(BackendError::Full(_))));
        states.save(&owner("acme"), "0", b"changed".to_vec()).await.expect("a key that is there");
    }
}
