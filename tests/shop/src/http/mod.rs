//! Shell: the stand-in's routes and the state behind them, built by `serve`; each group of routes has its file. Beside
//! them the ingress, which has the same pages and stands before a real server.

mod control;
mod fault;
mod ingress;
mod json2;
mod jsonrpc;
mod page;
mod web;

pub use ingress::{Ingress, start as ingress};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;

use crate::server::Server;

/// Largest request: an order of a journey is under 1 KiB, so this leaves room for any test.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The server behind the routes. No lock is held over an await.
#[derive(Clone, Debug)]
pub(crate) struct Shop(Arc<Mutex<Server>>);

impl Shop {
    pub(crate) fn new(server: Server) -> Self {
        Self(Arc::new(Mutex::new(server)))
    }

    /// A panic in one request must not take the shop from the others, so a poisoned lock is taken as it is.
    fn server(&self) -> MutexGuard<'_, Server> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All routes: Odoo's own, and the control routes clearly apart from them.
pub(crate) fn routes(shop: Shop) -> Router {
    Router::new()
        .merge(jsonrpc::routes())
        .merge(web::routes())
        .merge(json2::routes())
        .merge(control::routes())
        .with_state(shop)
}

/// Now, as Odoo writes instants: UTC without a zone.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}
