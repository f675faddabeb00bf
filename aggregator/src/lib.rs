//! The aggregator: takes agents' records, holds the catalogue, places checks, decides releases, serves readers.
//!
//! Modules in the order of the flow, put together by the composition root `app`. `store` and `fleet` stand where records
//! reach them, and are asked by those before them too.
//! The law itself is the `policy` crate; running checks is the agents' matter.

pub mod instant;

pub mod authn;
pub mod authz;

pub mod catalogue;
pub mod plugin;
pub mod secret;

pub mod placement;

pub mod ingest;
pub mod store;

pub mod fleet;

pub mod gate;
pub mod release;

pub mod audit;

pub mod http;
pub mod tasks;

pub mod app;
pub mod args;
pub mod command;
pub mod data;
pub mod sockets;
