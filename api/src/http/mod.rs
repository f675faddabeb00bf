//! JSON documents of the HTTP API, a file per group of routes. Used by the aggregator, the command line and tests; the
//! OpenAPI document is made from them. Requests deny unknown fields; answers may grow.

pub mod check;
pub mod decision;
pub mod error;
pub mod freeze;
pub mod list;
pub mod node;
pub mod release;
pub mod token;
