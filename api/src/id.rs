//! Newtypes of everything that is named, so that a tenant is never passed where a namespace belongs.
//! Read by every crate; it parses and prints, and mints nothing random.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Root of every UUIDv5 of ours: UUIDv5(DNS, "floorwalker.dev").
const ROOT: Uuid = Uuid::from_u128(0x4684_9e88_d2b2_51a7_a393_b9cd_5505_df2a);

/// A DNS label, by RFC 1123.
const LABEL_BYTES_MAX: usize = 63;
/// A DNS subdomain, by RFC 1123.
const SUBDOMAIN_BYTES_MAX: usize = 253;

/// Why a name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// The name is empty, or over 63 bytes and that of a node over 253.
    #[error("a name has 1 to {most} characters, this one has {found}")]
    Length {
        /// How many it has.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A character outside the DNS label alphabet.
    #[error("a name holds a-z, 0-9 and '-', and begins and ends with a letter or digit: `{0}`")]
    Character(String),
    /// Not a `sha256:` digest.
    #[error("a digest is `sha256:` and 64 hex digits in lower case: `{0}`")]
    Digest(String),
    /// A digest, but for its capital letters; with what it would be without.
    #[error("a digest is written in lower case: write {0}")]
    Capitals(String),
}

/// Names are DNS labels (RFC 1123): what Kubernetes takes for a namespace or an object.
fn check_label(text: &str) -> Result<(), NameError> {
    if text.is_empty() || text.len() > LABEL_BYTES_MAX {
        return Err(NameError::Length { found: text.len(), most: LABEL_BYTES_MAX });
    }
    let inside = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let edge = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = text.as_bytes();
    if !bytes.iter().copied().all(inside) || !edge(bytes[0]) || !edge(bytes[bytes.len() - 1]) {
        return Err(NameError::Character(text.to_owned()));
    }
    Ok(())
}

/// Labels joined by dots.
fn check_subdomain(text: &str) -> Result<(), NameError> {
    if text.len() > SUBDOMAIN_BYTES_MAX {
        return Err(NameError::Length { found: text.len(), most: SUBDOMAIN_BYTES_MAX });
    }
    text.split('.').try_for_each(check_label)
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// A retailer, brand or business unit.
    TenantName,
    check_label
);
name!(
    /// A Kubernetes namespace; on disk only the string.
    Namespace,
    check_label
);
name!(
    /// `metadata.name` of a manifest.
    ObjectName,
    check_label
);
name!(
    /// An environment of a tenant, such as `prod`.
    EnvironmentName,
    check_label
);
name!(
    /// A service of a tenant, such as `shop`.
    ServiceName,
    check_label
);
name!(
    /// A cluster, as the agent's credential names it.
    ClusterName,
    check_label
);

name!(
    /// A node of a cluster: a DNS subdomain (labels joined by dots, 253 bytes at most), as Kubernetes names nodes.
    NodeName,
    check_subdomain
);

/// A check, the same from folder and cluster: UUIDv5(ROOT, "check:namespace/name").
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct CheckId(pub Uuid);

impl CheckId {
    /// The id of the check with this namespace (none: the platform's) and name.
    pub fn of(namespace: Option<&Namespace>, name: &ObjectName) -> Self {
        let space = namespace.map_or("", Namespace::as_str);
        Self(Uuid::new_v5(&ROOT, format!("check:{space}/{name}").as_bytes()))
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One run of a check: UUIDv5(check id, scheduled instant in ms), so a retry finds its own objects.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct RunId(pub Uuid);

impl RunId {
    /// The id of the run of `check` that was due at `scheduled_at_ms` (milliseconds since 1970-01-01 UTC).
    pub fn of(check: CheckId, scheduled_at_ms: u64) -> Self {
        Self(Uuid::new_v5(&check.0, scheduled_at_ms.to_string().as_bytes()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `sha256:` and 64 lower-case hex digits: of a component's bytes or of an image manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(Sha256::digest(bytes))))
    }

    /// The digest with its algorithm, `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hex digits alone.
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

impl FromStr for Digest {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let lower = text.to_ascii_lowercase();
        let digits = lower.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
        if !digits.is_some_and(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit())) {
            return Err(NameError::Digest(text.chars().take(100).collect()));
        }
        if lower == text { Ok(Self(lower)) } else { Err(NameError::Capitals(lower)) }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels() {
        assert!("acme-prod".parse::<Namespace>().is_ok());
        for bad in ["", "Acme", "a_b", "-a", "a-", "a/b", &"a".repeat(64)] {
            assert!(bad.parse::<Namespace>().is_err(), "{bad} was taken");
        }
        assert!("node-1.example".parse::<NodeName>().is_ok());
        assert!("node-1..example".parse::<NodeName>().is_err());
    }

    #[test]
    fn a_check_has_one_id_and_a_run_another_each_time() {
        let name = "checkout".parse::<ObjectName>().expect("a label");
        let space = "acme-prod".parse::<Namespace>().expect("a label");
        let id = CheckId::of(Some(&space), &name);
        assert_eq!(id, CheckId::of(Some(&space), &name));
        assert_ne!(id, CheckId::of(None, &name));
        assert_ne!(RunId::of(id, 1), RunId::of(id, 2));
    }

    #[test]
    fn digests_are_sha256_in_lower_case() {
        let digest = Digest::of(b"");
        assert_eq!(digest.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert!(digest.as_str().parse::<Digest>().is_ok());
        let refused = digest.as_str().to_uppercase().parse::<Digest>().expect_err("capitals").to_string();
        assert_eq!(refused, format!("a digest is written in lower case: write {digest}"));
        for bad in ["", "sha256:", "sha1:00", &digest.hex()[1..], &format!("{digest}0")] {
            assert!(matches!(bad.parse::<Digest>(), Err(NameError::Digest(_))), "{bad} was taken");
        }
    }
}
