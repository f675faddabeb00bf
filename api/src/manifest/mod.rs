//! Manifests: what people write. One Rust type per kind serves folders and clusters, gives its JSON Schema and refuses
//! unknown fields. Read by the catalogue, `check validate` and standalone agents. It reads text, never a disk.
//!
//! The way in: bytes > `FileText` > `read_file` > `Document` or `Refusal` > `catalogue`.

mod text;
mod tree;
mod yaml;
mod zone;

mod refusal;

mod envelope;
mod kind;
mod mode;
pub mod selector;

pub mod check;
pub mod freeze_rule;
pub mod plugin;
pub mod release_policy;
pub mod tenant;

mod document;
mod explain;
mod read;
pub mod schema;

pub use document::{Document, Manifest, Source};
pub use envelope::{API_VERSION, Envelope, Metadata};
pub(crate) use explain::dotted;
pub use kind::Kind;
pub(crate) use read::locate;
pub use read::read_file;
pub use refusal::{Fault, Head, KindName, Refusal};
pub use text::FileText;
