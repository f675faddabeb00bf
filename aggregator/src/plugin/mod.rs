//! Components: their bytes by digest, and what they say of themselves. The catalogue admits checks with it, agents
//! fetch from it. Running one is the agents' matter.

pub mod blobs;
pub mod describe;

pub use describe::{Library, Undescribed};
