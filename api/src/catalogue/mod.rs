//! From manifests to a catalogue: binding names to tenants, admitting checks. Pure; the aggregator, standalone agents
//! and `check validate` run the same code over the same texts.
//!
//! The way in: files as text and what the plugins say of themselves > `next` > `Catalogue`. Whoever calls it describes
//! the plugins it finds in `Catalogue::plugins`, and calls it again. It fetches nothing and remembers nothing but what
//! the previous catalogue holds.

mod describe;
mod pattern;
mod schema;

mod keep;

mod admit;
mod bind;

mod build;
mod law;
mod set;

mod assign;

pub use bind::Binding;
pub use build::next;
pub use describe::{DescribeError, DescribedPlugin, DescribedPlugins};
pub use set::{BrokenLaw, Catalogue, Check, Law, Plugin, Scope, UnfitCheck};
