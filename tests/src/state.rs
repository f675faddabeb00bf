//! `state.json` as `floorwalker up` writes it: where everything is and how to get in. Read by `stand` and the story.

use serde::Deserialize;

/// The whole document.
#[derive(Clone, Debug, Deserialize)]
pub struct State {
    /// Where to ask.
    pub aggregator: Aggregator,
    /// Manifests dropped here take effect.
    pub catalogue_dir: String,
    /// The seeded tenants.
    pub tenants: Vec<Tenant>,
    /// The started agents.
    pub agents: Vec<Agent>,
    /// The shop stand-in.
    pub shop: Part,
    /// The registry.
    pub registry: Part,
}

/// The aggregator.
#[derive(Clone, Debug, Deserialize)]
pub struct Aggregator {
    /// Its API.
    pub url: String,
    /// The CA to trust, a PEM file.
    pub ca_file: String,
}

/// A tenant.
#[derive(Clone, Debug, Deserialize)]
pub struct Tenant {
    /// Its name, which is that of its database too.
    pub name: String,
    /// The namespace of its most protected environment.
    pub namespace: String,
    /// IANA name.
    pub time_zone: String,
    /// In promotion order.
    pub environments: Vec<String>,
    /// Its services.
    pub services: Vec<String>,
    /// A token per role.
    pub tokens: Tokens,
}

/// A token per role.
#[derive(Clone, Debug, Deserialize)]
pub struct Tokens {
    /// Reads.
    pub viewer: String,
    /// Asks and releases.
    pub pipeline: String,
    /// Everything of the tenant.
    pub tenant_admin: String,
}

/// An agent.
#[derive(Clone, Debug, Deserialize)]
pub struct Agent {
    /// Name of its node.
    pub node: String,
    /// Its metrics.
    pub metrics_url: String,
    /// Its process.
    pub pid: u32,
}

/// A part that is watched.
#[derive(Clone, Debug, Deserialize)]
pub struct Part {
    /// Its address.
    pub url: String,
}

impl Tenant {
    /// The environment the gate guards most.
    #[must_use]
    pub fn environment(&self) -> &str {
        self.environments.last().map_or("prod", String::as_str)
    }

    /// The service that is released.
    #[must_use]
    pub fn service(&self) -> &str {
        self.services.first().map_or("shop", String::as_str)
    }
}
