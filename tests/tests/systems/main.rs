//! Each first-party plugin, as built, in the real sandbox, against real parts: servers that misbehave, the shop of four
//! series and a genuine Odoo with every fault, docker-registry, this machine; and an agent's metrics beside those of the
//! blackbox exporter.

mod sandbox;

mod blackbox;
mod http_probe;
mod image_digest;
mod node_baseline;
mod odoo_order;
