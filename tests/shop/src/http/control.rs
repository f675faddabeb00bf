//! Shell: the stand-in's own routes under `/__stand-in`, which no Odoo has: fault plans in, residue out.

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use http::StatusCode;

use super::Shop;
use crate::fault::Plan;

pub(super) fn routes() -> Router<Shop> {
    Router::new()
        .route("/__stand-in/faults/{database}", put(plan_set))
        .route("/__stand-in/orders/{database}", get(orders))
}

async fn plan_set(State(shop): State<Shop>, Path(database): Path<String>, Json(plan): Json<Plan>) -> Response {
    if shop.server().plan_set(&database, plan.clone()) {
        Json(plan).into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

async fn orders(State(shop): State<Shop>, Path(database): Path<String>) -> Response {
    match shop.server().residue(&database) {
        Some(orders) => Json(orders).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
