//! When what runs: plans of checks, turns of tenants and their CPU. The pure parts decide, `roster` holds them together,
//! `driver` lets time pass.

pub mod adopt;
pub mod budget;
pub mod fair;
pub mod plan;

pub mod roster;

pub mod driver;
pub mod metrics;
