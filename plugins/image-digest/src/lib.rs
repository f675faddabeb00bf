//! Evidence for a release: the digest that a tag has at its OCI registry, hashed again from the manifest's bytes, from
//! a registry on the allowed list. A tag that moved since the last look is said. Here stand the configuration and the
//! calls; `check` judges. It fetches no layers and verifies no signature.

mod check;

use floorwalker_sdk::host::http::{Encoding, Part};
use floorwalker_sdk::prelude::*;

use check::{Image, LastLook};

/// Manifests are asked for by all their types: without them docker-registry answers 404 for an OCI manifest.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// The distribution specification has registries take manifests of 4 MiB at least, and none take much more.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;

/// Key of the state that holds the last look.
const LAST: &str = "last";

/// A tag at a registry.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageDigest {
    /// Origin of the registry, such as `https://registry.example`; must be granted under `http`.
    #[schemars(regex(pattern = r"^https?://[^/]+/?$"), length(max = 512))]
    pub registry: String,
    /// The repository, such as `acme/shop`.
    #[schemars(regex(pattern = r"^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$"), length(max = 255))]
    pub repository: String,
    /// The tag.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"))]
    pub tag: String,
    /// Registries that images may come from, as `host` or `host:port`.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 255)))]
    pub allowed_registries: Vec<String>,
    /// Name of the secret `user:password` for basic authentication; absent: none is sent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128))]
    pub credentials_secret: Option<String>,
}

impl Check for ImageDigest {
    const KIND: Kind = Kind::Predeploy;
    const CAPABILITIES: &'static [Capability] = &[Capability::Http, Capability::Secrets, Capability::State];

    fn run(&self, _: &Run) -> Judgement {
        let image = Image::of(self);
        image.ensure_allowed(&self.allowed_registries)?;
        let manifest = step::run("manifest", || image.manifest(&self.request().fetch()?))?;
        let before = state::load(LAST)?.and_then(|bytes| LastLook::read(&bytes));
        state::save(LAST, &LastLook::new(&image, &manifest).write())?;
        Ok(image.judge(&manifest, before.as_ref()))
    }
}

impl ImageDigest {
    fn request(&self) -> http::Request {
        let registry = self.registry.trim_end_matches('/');
        let url = format!("{registry}/v2/{}/manifests/{}", self.repository, self.tag);
        let request = http::get(&url).header("accept", ACCEPT).body_bytes_max(MANIFEST_BYTES_MAX);
        match &self.credentials_secret {
            Some(name) => {
                let basic = vec![Part::from("Basic "), Part::secret(name, Encoding::Base64)];
                request.header_parts("authorization", basic)
            }
            None => request,
        }
    }
}

export_check!(ImageDigest);

#[cfg(test)]
mod tests;
