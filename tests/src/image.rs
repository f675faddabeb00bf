//! A small, real container image: one layer, a config, a manifest, each with its digest, and an index of one such image
//! per platform. In the media types of OCI and of Docker. Made for `push`; nobody runs it.

use serde_json::json;
use sha2::{Digest, Sha256};

/// Media type of the manifest of an OCI image.
pub const MANIFEST: &str = Family::Oci.types().manifest;

/// Whose media types an image has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Those of the image specification.
    #[default]
    Oci,
    /// Those that were there before it.
    Docker,
}

/// Media types of one family.
#[derive(Clone, Copy, Debug)]
pub struct Types {
    /// Of an image for several platforms.
    pub index: &'static str,
    /// Of an image for one.
    pub manifest: &'static str,
    config: &'static str,
    layer: &'static str,
}

/// An image as bytes.
#[derive(Clone, Debug)]
pub struct Image {
    /// The layer and the config.
    pub blobs: Vec<Vec<u8>>,
    /// The manifest that names them.
    pub manifest: Vec<u8>,
    /// The manifest's media type.
    pub media_type: &'static str,
}

/// An image for several platforms.
#[derive(Clone, Debug)]
pub struct Index {
    /// The image of each platform, by its architecture.
    pub images: Vec<(&'static str, Image)>,
    /// The index that names them.
    pub manifest: Vec<u8>,
    /// The index's media type.
    pub media_type: &'static str,
}

impl Family {
    /// Its media types.
    #[must_use]
    pub const fn types(self) -> Types {
        match self {
            Self::Oci => Types {
                index: "application/vnd.oci.image.index.v1+json",
                manifest: "application/vnd.oci.image.manifest.v1+json",
                config: "application/vnd.oci.image.config.v1+json",
                layer: "application/vnd.oci.image.layer.v1.tar",
            },
            Self::Docker => Types {
                index: "application/vnd.docker.distribution.manifest.list.v2+json",
                manifest: "application/vnd.docker.distribution.manifest.v2+json",
                config: "application/vnd.docker.container.image.v1+json",
                layer: "application/vnd.docker.image.rootfs.diff.tar",
            },
        }
    }
}

impl Image {
    /// An image that differs from those of other versions.
    #[must_use]
    pub fn of(version: &str) -> Self {
        Self::made(version, "amd64", Family::Oci)
    }

    fn made(version: &str, architecture: &str, family: Family) -> Self {
        let types = family.types();
        let layer = format!("shop {version}\n").into_bytes();
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {"org.opencontainers.image.version": version}},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
        })
        .to_string()
        .into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": types.manifest,
            "config": {"mediaType": types.config, "digest": digest(&config), "size": config.len()},
            "layers": [{"mediaType": types.layer, "digest": digest(&layer), "size": layer.len()}],
        })
        .to_string()
        .into_bytes();
        Self { blobs: vec![layer, config], manifest, media_type: types.manifest }
    }

    /// The digest a release names.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }
}

impl Index {
    /// An image for two platforms.
    #[must_use]
    pub fn of(version: &str, family: Family) -> Self {
        let types = family.types();
        let images = ["amd64", "arm64"].map(|platform| (platform, Image::made(version, platform, family)));
        let named = |(platform, image): &(&str, Image)| {
            json!({
                "mediaType": types.manifest, "digest": image.digest(), "size": image.manifest.len(),
                "platform": {"architecture": platform, "os": "linux"},
            })
        };
        let manifests: Vec<_> = images.iter().map(named).collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": types.index, "manifests": manifests});
        Self { images: images.into(), manifest: manifest.to_string().into_bytes(), media_type: types.index }
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

    #[test]
    fn an_index_names_its_platforms() {
        let index = Index::of("1.0", Family::Oci);
        let text = String::from_utf8_lossy(&index.manifest).into_owned();
        assert!(index.images.iter().all(|(_, image)| text.contains(&image.digest())));
        assert_ne!(index.digest(), Index::of("1.0", Family::Docker).digest());
    }
}
