//! Who is asking: a bearer token or a client certificate becomes a `Principal`. Called by `http/extract` before any
//! look-up of what was asked for. What a principal may do is `authz`.

pub mod ca;
pub mod mtls;
pub mod principal;
pub(crate) mod random;
pub mod token;

pub use principal::{AgentKey, Principal};
