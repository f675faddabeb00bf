//! A small, real container image: one layer, a config, an OCI manifest, each with its digest. Made for `push`; nobody
//! runs it.

use serde_json::json;
use sha2::{Digest, Sha256};

/// Media type of the manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image as bytes.
#[derive(Clone, Debug)]
pub struct Image {
    /// The layer and the config.
    pub blobs: Vec<Vec<u8>>,
    /// The manifest that names them.
    pub manifest: Vec<u8>,
}

impl Image {
    /// An image that differs from those of other versions.
    #[must_use]
    pub fn of(version: &str) -> Self {
        let layer = format!("shop {version}\n").into_bytes();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"org.opencontainers.image.version": version}},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
        })
        .to_string()
        .into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(&config), "size": config.len()},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(&layer), "size": layer.len()}],
        })
        .to_string()
        .into_bytes();
        Self { blobs: vec![layer, config], manifest }
    }

    /// The digest a release names.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }
}

/// `sha256:` and the hex of the hash.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_always_gives_the_same_digest_and_another_version_another() {
        assert_eq!(Image::of("1.0").digest(), Image::of("1.0").digest());
        assert_ne!(Image::of("1.0").digest(), Image::of("1.1").digest());
    }
}
