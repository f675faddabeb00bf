//! The law from outside: windows, tiers, claims, answers.

mod answers;
mod claims;
mod minutes;
mod random;
mod tiers;
mod vectors;
mod world;
