//! Secrets: who gets which (`share`, pure) and where their values are (`dir`). Values go to the agents of assigned
//! checks, in memory; they are never stored and never logged.

pub mod dir;
pub mod share;
