//! Shell: pushes an image over the distribution API, and reads where a tag points. Used by `parts`, the story and the
//! suites; speaks the three calls that takes.

use anyhow::{Context, ensure};
use bytes::Bytes;

use crate::{
    http::Client,
    image::{Image, Index, MANIFEST, digest},
};

/// Pushes an image and points a tag at it; gives its digest.
///
/// # Errors
/// The registry refused a blob or the manifest.
pub async fn push(registry: &Client, repository: &str, tag: &str, image: &Image) -> anyhow::Result<String> {
    for blob in &image.blobs {
        let opened = registry.send("POST", &format!("/v2/{repository}/blobs/uploads/"), &[], Bytes::new()).await?;
        ensure!(opened.status == 202, "upload refused: {} {}", opened.status, opened.text());
        let location = opened.header("location");
        let joint = if location.contains('?') { '&' } else { '?' };
        let put = format!("{location}{joint}digest={}", digest(blob));
        let headers = [("content-type", "application/octet-stream")];
        let stored = registry.send("PUT", &put, &headers, blob.clone().into()).await?;
        ensure!(stored.status == 201, "blob refused: {} {}", stored.status, stored.text());
    }
    put(registry, repository, tag, image.media_type, &image.manifest).await?;
    Ok(image.digest())
}

/// Pushes an image for several platforms and points a tag at it, and the tag with each platform behind it at that
/// platform's image; gives the digest of the whole.
///
/// # Errors
/// The registry refused a blob or a manifest.
pub async fn push_index(registry: &Client, repository: &str, tag: &str, index: &Index) -> anyhow::Result<String> {
    for (platform, image) in &index.images {
        push(registry, repository, &format!("{tag}-{platform}"), image).await?;
    }
    put(registry, repository, tag, index.media_type, &index.manifest).await?;
    Ok(index.digest())
}

async fn put(registry: &Client, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = format!("/v2/{repository}/manifests/{tag}");
    let stored = registry.send("PUT", &path, &[("content-type", media_type)], Bytes::copy_from_slice(bytes)).await?;
    ensure!(stored.status == 201, "manifest refused: {} {}", stored.status, stored.text());
    Ok(())
}

/// The digest a tag points to.
///
/// # Errors
/// There is no such tag.
pub async fn tag_digest(registry: &Client, repository: &str, tag: &str) -> anyhow::Result<String> {
    let path = format!("/v2/{repository}/manifests/{tag}");
    let found = registry.send("HEAD", &path, &[("accept", MANIFEST)], Bytes::new()).await?;
    ensure!(found.status == 200, "{repository}:{tag} is {}", found.status);
    let digest = found.header("docker-content-digest");
    (!digest.is_empty()).then(|| digest.to_owned()).context("the registry names no digest")
}
