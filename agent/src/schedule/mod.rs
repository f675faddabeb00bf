//! When what runs: plans of checks, turns of tenants, leases. The pure parts decide, `roster` holds them together,
//! `driver` lets time pass.

pub mod adopt;
pub mod budget;
pub mod fair;
pub mod lease;
pub mod plan;

pub mod roster;

pub mod driver;
pub mod metrics;
