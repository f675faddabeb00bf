//! Real guests, compiled to WebAssembly by real tools and to native code by the real compiler, run by the real host.
//! `cargo xtask build` makes both; `cargo xtask test` runs this. Each hostile guest has its test by name.
#![expect(clippy::disallowed_methods, reason = "tests spawn their servers and are told where the binaries are")]

mod artefacts;
mod budgets;
mod compiler;
mod credentials;
mod dialer;
mod doubles;
mod journeys;
mod network;
mod raw;
mod server;
mod spellings;
mod stage;
mod targets;
mod tls;
