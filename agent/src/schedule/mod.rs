//! When what runs.
pub mod adopt;
pub mod fair;
pub mod lease;
pub mod plan;
