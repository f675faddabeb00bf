//! What the author of a Floorwalker plugin imports: a trait with a typed config, verdicts, steps, assertions, one
//! module per host capability, the export macros, and a native harness so that `cargo test` runs the plugin's own
//! code against doubles. Used by `plugins/*`; it depends on no crate of the host: the contract is the WIT.
//!
//! A whole probe:
//!
//! ```
//! use floorwalker_sdk::prelude::*;
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Alive { url: String }
//! impl Check for Alive {
//!     fn run(&self, _: &Run) -> Judgement {
//!         http::get(&self.url).fetch()?.pass_if_status(200)
//!     }
//! }
//! export_check!(Alive);
//! ```
//!
//! Its unit test, on the machine's own target:
//!
//! ```
//! # use floorwalker_sdk::prelude::*;
//! # #[derive(Deserialize, JsonSchema)]
//! # struct Alive { url: String }
//! # impl Check for Alive {
//! #     fn run(&self, _: &Run) -> Judgement { http::get(&self.url).fetch()?.pass_if_status(200) }
//! # }
//! use floorwalker_sdk::harness::Harness;
//!
//! let mut harness = Harness::new().http(|_| Ok(http::Response::new(503)));
//! let played = harness.run::<Alive>(serde_json::json!({"url": "https://shop.example"}));
//! assert_eq!(played.verdict().reason, Some(Reason::HttpStatus));
//! ```

mod check;
mod config;
mod reason;
mod verdict;

pub mod assert;
pub mod host;
pub mod step;

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod export;

#[cfg(not(target_arch = "wasm32"))]
pub mod harness;

pub use check::{Capability, Check, CheckError, Journey, Judgement, Kind, Run, Stop};
pub use reason::Reason;
pub use verdict::{Evidence, Finding, Measurement, Severity, Status, Verdict};

/// What nearly every plugin uses.
pub mod prelude {
    pub use crate::host::{http, ledger, log, node, secrets, state};
    pub use crate::{Capability, Check, CheckError, Evidence, Finding, Journey, Judgement, Kind, Measurement, Reason};
    pub use crate::{Run, Severity, Status, Stop, Verdict, assert, ensure, export_check, export_journey, step};
    pub use schemars::JsonSchema;
    pub use serde::Deserialize;
}
