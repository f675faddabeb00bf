//! HTTP for every binary: the one listener, the one client, and the admin routes.
//!
//! It knows no path of the product's API and no credential: those are the binaries'.

pub mod admin;
pub mod client;
pub mod listen;
mod opening;
pub mod scrapers;
#[cfg(test)]
mod tests;
