//! The harness: everything a test needs to run the real thing and to look at it. Used by the suites in `tests/`, by
//! `bench`, and by the binaries `floorwalker-parts` and `floorwalker-story`, which `cargo xtask up` runs, and
//! `floorwalker-teller`, which a suite kills. Nothing here is shipped.

pub mod binary;
pub mod child;
pub mod machine;
pub mod skip;
pub mod until;

pub mod http;
pub mod tls;

pub mod image;
pub mod misbehave;
pub mod push;
pub mod real;
pub mod serve;

pub mod cli;
pub mod disk;
pub mod parts;
pub mod pipeline;
pub mod site;
pub mod small;
pub mod stand;
pub mod standalone;
pub mod state;
pub mod teller;
pub mod watch;

pub mod story;
