//! The law from outside: windows, tiers, claims, answers.

mod answers;
mod claims;
mod minutes;
mod pure;
mod random;
mod tiers;
mod vectors;
mod world;
