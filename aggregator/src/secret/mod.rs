//! Secrets: who gets which (`share`, pure), what of it one answer holds (`divide`, pure), and where values are (`dir`).
//! Values go to the agents of assigned checks, in memory; they are never stored and never logged.

pub mod dir;
mod divide;
pub mod share;
