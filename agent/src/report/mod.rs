//! Sending.
pub mod backoff;
pub mod batch;
