//! Everything that crosses a process border: manifests, frames between agent and aggregator, HTTP documents, ids,
//! limits, grants. Every other crate reads it; it does no I/O and knows no runtime.

pub mod id;
pub mod limits;
mod text;

pub mod quantity;

pub mod grant;

pub mod catalogue;
pub mod manifest;

pub mod result;

pub mod frame;

pub mod audit;
pub mod http;
