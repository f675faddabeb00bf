//! Each first-party plugin, as built, in the real sandbox, against real parts: TLS servers, the shop of four series
//! with every fault, docker-registry, this machine.

mod sandbox;

mod http_probe;
mod image_digest;
mod node_baseline;
mod odoo_order;
