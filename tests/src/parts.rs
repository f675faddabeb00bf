//! Shell: the parts around Floorwalker that `up` watches: the shop stand-in and a registry, with an image for each
//! tenant. Started by the binary `floorwalker-parts` and, in one process, by `stand`.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context, bail};
use shop::Series;

use crate::{
    http::Client,
    image::Image,
    push::push,
    real::registry::{self, Registry},
};

/// Tag that the seeded `image-digest` checks watch, in the repository `<tenant>/shop`.
pub const TAG: &str = "stable";

/// The running parts.
#[derive(Debug)]
pub struct Parts {
    /// The shop.
    pub shop: shop::Running,
    /// The registry.
    pub registry: Registry,
}

/// The repository of a tenant's shop image.
#[must_use]
pub fn repository(tenant: &str) -> String {
    format!("{tenant}/shop")
}

/// Starts both, with a database and an image per tenant.
///
/// # Errors
/// One of them did not start; a missing package is named.
pub async fn start(tenants: &[String], folder: &Path) -> anyhow::Result<Parts> {
    if let Some(why) = registry::unavailable() {
        bail!("{why}");
    }
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = shop::Config { listen, series: Series::V18, databases: tenants.to_vec() };
    let shop = shop::start(config).await.context("the shop cannot listen")?;
    let registry = registry::start(&registry::Config::default(), &folder.join("registry")).await?;
    let client = Client::plain(&registry.url)?;
    for tenant in tenants {
        push(&client, &repository(tenant), TAG, &Image::of(&format!("{tenant} 1.0"))).await?;
    }
    Ok(Parts { shop, registry })
}
