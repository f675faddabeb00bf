//! Shell: from a folder of manifests to the catalogue in force, kept current. The composition root runs [`Publisher`];
//! placement, the gate and readers follow what it publishes. Parsing, binding and admitting are `api::catalogue`.

mod describing;
mod dir;
mod metrics;
pub mod publish;

pub use metrics::Metrics;
pub use publish::{Config, Publisher};
