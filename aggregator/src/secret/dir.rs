//! Shell: values of secrets from a folder: `<dir>/<namespace>/<secret>/<key>`, readable by its owner alone. A value's
//! version is an HMAC under a key of this store, so that it changes with the value and says nothing of it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use api::frame::SecretValue;
use api::limits::{SECRET_BYTES_MAX, SECRETS_BYTES_MAX};
use hmac::{Hmac, Mac as _};
use process::supervise::{Panicked, blocking, chain};
use sha2::Sha256;

use super::divide::{Division, Sized, divide};
use super::share::Share;
use crate::placement::plan::SecretVersions;

/// Nobody but the owner: `rw-------`.
const MODE_MAX: u32 = 0o600;

/// Where values are.
#[derive(Debug)]
pub struct Secrets {
    folder: Option<PathBuf>,
    key: [u8; 32],
    seen: Mutex<BTreeMap<PathBuf, Seen>>,
}

/// The last look at a file, so that an unchanged one is not read again and a complaint is logged once.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    stamp: Option<Stamp>,
    version: Option<String>,
}

/// What changes when a file does: device, inode, length, mode, and both times to the nanosecond.
type Stamp = (u64, u64, u64, u32, (i64, i64), (i64, i64));

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No folder was given.
    #[error("no secrets folder was given; start with --secrets-dir")]
    NoFolder,
    /// The file is not there, or cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// Which file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error("{path} has the mode {mode:o}; run `chmod 600 {path}`")]
    Mode {
        /// Which file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// Too long.
    #[error("{path} has more than {SECRET_BYTES_MAX} bytes; keep what is longer elsewhere, and its key here")]
    TooLarge {
        /// Which file.
        path: String,
    },
}

impl Secrets {
    /// Values from `folder`; their versions under `key`.
    pub fn new(folder: Option<PathBuf>, key: [u8; 32]) -> Self {
        Self { folder, key, seen: Mutex::default() }
    }

    /// The versions of the values there are.
    pub async fn versions(self: &Arc<Self>, shares: Vec<Share>) -> SecretVersions {
        let secrets = Arc::clone(self);
        let looked = blocking("secret versions", move || {
            let version = |share: Share| secrets.version(&share).map(|version| ((share.check, share.name), version));
            shares.into_iter().filter_map(version).collect()
        });
        looked.await.unwrap_or_else(|panic: Panicked| {
            tracing::error!(error = %panic, "secrets were not looked at");
            SecretVersions::new()
        })
    }

    /// The values of a node's shares, as many as one answer holds; one without a value is left out.
    ///
    /// # Errors
    /// A bug while reading.
    pub async fn values(self: &Arc<Self>, shares: Vec<Share>) -> Result<Vec<SecretValue>, Panicked> {
        let secrets = Arc::clone(self);
        blocking("secret values", move || secrets.values_within(shares, SECRETS_BYTES_MAX as u64)).await
    }

    /// Lengths are looked at first, so that no more is in memory than is sent.
    fn values_within(&self, shares: Vec<Share>, bytes_max: u64) -> Vec<SecretValue> {
        let sized = |share: Share| {
            let bytes = std::fs::metadata(self.path(&share).ok()?).ok()?.len();
            (bytes <= SECRET_BYTES_MAX as u64).then_some(Sized { share, bytes })
        };
        let Division { sent, left_out } = divide(shares.into_iter().filter_map(sized).collect(), bytes_max);
        for (tenant, checks) in left_out {
            tracing::warn!(
                %tenant,
                checks,
                "these checks get no secrets on a node: theirs are over the tenant's part of {bytes_max} bytes; make them shorter, or place fewer checks with secrets on every node"
            );
        }
        let value = |Sized { share, bytes }: Sized| {
            // One that has grown meanwhile is in the next answer.
            let value = self.read(&share).ok().filter(|value| value.len() as u64 <= bytes)?;
            let version = self.digest(&value);
            Some(SecretValue { check_id: share.check, name: share.name.to_string(), version, value })
        };
        sent.into_iter().filter_map(value).collect()
    }

    fn version(&self, share: &Share) -> Option<String> {
        let path = self.path(share).ok()?;
        let stamp = stamp(&path);
        let before = self.seen().get(&path).cloned();
        if let Some(before) = before.as_ref().filter(|before| before.stamp == stamp) {
            return before.version.clone();
        }
        let version = match self.read(share) {
            Ok(value) => Some(self.digest(&value)),
            Err(error) => {
                tracing::warn!(error = %chain(&error), check = %share.check, "a secret has no value");
                None
            }
        };
        self.seen().insert(path, Seen { stamp, version: version.clone() });
        version
    }

    fn read(&self, share: &Share) -> Result<Vec<u8>, SecretError> {
        let path = self.path(share)?;
        let name = path.display().to_string();
        let unreadable = |source| SecretError::Read { path: name.clone(), source };
        let file = std::fs::File::open(&path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
        if mode & !MODE_MAX != 0 {
            return Err(SecretError::Mode { path: name, mode });
        }
        let mut value = Vec::new();
        file.take(SECRET_BYTES_MAX as u64 + 1).read_to_end(&mut value).map_err(unreadable)?;
        if value.len() > SECRET_BYTES_MAX {
            return Err(SecretError::TooLarge { path: name });
        }
        Ok(value)
    }

    /// Names are DNS labels and a key is checked by its manifest, so no part climbs; that is asked again here, because
    /// everything rests on it.
    fn path(&self, share: &Share) -> Result<PathBuf, SecretError> {
        let folder = self.folder.as_ref().ok_or(SecretError::NoFolder)?;
        let key = &share.source.key;
        let path = folder.join(share.namespace.as_str()).join(share.source.secret.as_str()).join(key);
        let plain = !key.is_empty() && !key.contains(['/', '\0']) && !matches!(key.as_str(), "." | "..");
        if plain {
            return Ok(path);
        }
        let source = std::io::Error::from(std::io::ErrorKind::InvalidInput);
        Err(SecretError::Read { path: path.display().to_string(), source })
    }

    fn digest(&self, value: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(value);
        hex::encode(&mac.finalize().into_bytes()[..16])
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(path).ok()?;
    let times = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
    Some((found.dev(), found.ino(), found.len(), found.mode(), times.0, times.1))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn share() -> Share {
        let source = r#"{"secret": "s", "key": "k"}"#;
        Share {
            tenant: "acme".parse().expect("a label"),
            check: crate::placement::plan::tests::check_id("acme-prod", "a"),
            name: "key".parse().expect("a label"),
            namespace: "acme-prod".parse().expect("a label"),
            source: serde_json::from_str(source).expect("a source"),
        }
    }

    fn write(path: &Path, value: &str, mode: u32) {
        std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
        std::fs::write(path, value).expect("written");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    }

    #[tokio::test]
    async fn a_version_follows_the_value_and_a_readable_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("acme-prod/s/k");
        let secrets = Arc::new(Secrets::new(Some(folder.path().to_owned()), [7; 32]));
        assert!(secrets.versions(vec![share()]).await.is_empty(), "not there yet");
        write(&path, "one", 0o600);
        let first = secrets.versions(vec![share()]).await;
        assert_eq!(secrets.versions(vec![share()]).await, first);
        write(&path, "three", 0o400);
        assert_ne!(secrets.versions(vec![share()]).await, first);
        let values = secrets.values(vec![share()]).await.expect("read");
        assert_eq!(values[0].value, b"three");
        write(&path, "three", 0o640);
        assert!(secrets.versions(vec![share()]).await.is_empty());
        let error = secrets.read(&share()).expect_err("refused").to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn no_key_climbs() {
        let secrets = Secrets::new(Some(PathBuf::from("secrets")), [7; 32]);
        for key in ["..", ".", "", "a/b", "../../other/s/k"] {
            let mut share = share();
            share.source.key = key.to_owned();
            assert!(secrets.path(&share).is_err(), "{key}");
        }
    }
}
