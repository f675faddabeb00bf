//! Manifests: what people write. One Rust type per kind serves folders and clusters, gives its JSON Schema and refuses
//! unknown fields. Read by the catalogue, `check validate` and standalone agents. It reads text, never a disk.

pub mod check;
mod envelope;
pub mod freeze_rule;
pub mod plugin;
pub mod release_policy;
pub mod selector;
pub mod tenant;

pub use envelope::{API_VERSION, Envelope, Metadata};
