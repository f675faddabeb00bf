//! Tenants beside each other on real processes: what is another's is not there (`tenants`), no string of a tenant is in
//! anything that another one may see (`canary`), and no variable of the environment leads an agent elsewhere (`proxy`).

mod canary;
mod proxy;
mod tenants;
