//! The admin routes: `/livez`, `/readyz` and `/metrics`.
//!
//! Each binary serves them on its own port, apart from the API. No secret; whose metrics name tenants says by
//! [`Scrapers`] who may read them.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use prometheus::{Registry, TextEncoder};
use tokio_util::sync::CancellationToken;

use super::scrapers::Scrapers;
use crate::ready::Readiness;
use crate::tls::Peer;

#[derive(Clone)]
struct Admin {
    registry: Registry,
    scrapers: Scrapers,
    readiness: Readiness,
    stopping: CancellationToken,
}

/// The routes. `stopping` is the supervisor's: a process that drains is not ready.
pub fn router(registry: Registry, scrapers: Scrapers, readiness: Readiness, stopping: CancellationToken) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Admin { registry, scrapers, readiness, stopping })
}

async fn ready(State(admin): State<Admin>) -> Response {
    if admin.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    let pending = admin.readiness.pending();
    if pending.is_empty() {
        return "ready\n".into_response();
    }
    let waiting = format!("waiting for {}\n", pending.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, waiting).into_response()
}

async fn metrics(State(admin): State<Admin>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    if let Err(refused) = admin.scrapers.admit(&peer, &headers).await {
        return refused;
    }
    match TextEncoder::new().encode_to_string(&admin.registry.gather()) {
        Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
