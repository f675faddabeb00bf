//! A protocol-faithful stand-in for Odoo 16 to 19: what the order journey needs, with the differences between the
//! series, users with real rights, several databases and fault plans. Started by the tests and by the demonstration;
//! held to recorded answers of real servers by `tests/parity/traces.rs`. It is no ERP: state is in memory, and invoices,
//! payments and the point of sale are not there.

mod access;
mod call;
mod database;
mod dispatch;
mod domain;
mod fault;
mod http;
mod model;
mod named;
mod orm;
mod raised;
mod rpc;
mod schema;
mod series;
mod serve;
mod server;
mod table;

pub use self::http::{Ingress, ingress};
pub use access::password;
pub use fault::{Kind as Fault, Plan};
pub use series::Series;
pub use serve::{Config, Running, start};
