//! The shell every binary needs, once: agent, aggregator and the command-line tool build on it.
//!
//! It knows no manifest, no frame and no plugin; it never reads flags or environment.

pub mod clock;
pub mod compile;
pub mod folder;
pub mod http;
pub mod ready;
pub mod shutdown;
pub mod supervise;
pub mod telemetry;
pub mod tls;
pub mod watch;
