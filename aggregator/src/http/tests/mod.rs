//! The routes with their real parts (store, placement, leases, blobs) and without a socket: requests go straight into
//! the router, with the peer that the listener would have attached.

mod access;
mod agent;
mod document;
pub(super) mod documented;
mod large;
mod queries;
mod readers;
mod secrets;
pub(super) mod stand;
mod tokens;
