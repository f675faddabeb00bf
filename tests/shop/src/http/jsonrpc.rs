//! Shell: `POST /jsonrpc`. Everything the application raises is HTTP 200; only a broken envelope is not.

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use http::{Request as HttpRequest, StatusCode, header};
use serde_json::Value;

use super::{BODY_BYTES_MAX, Shop, fault, now, page};
use crate::rpc::{Request, envelope};

pub(super) fn routes() -> Router<Shop> {
    Router::new().route("/jsonrpc", post(jsonrpc))
}

async fn jsonrpc(State(shop): State<Shop>, request: HttpRequest<Body>) -> Response {
    let body = match read(request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let (id, params) = (&body["id"], &body["params"]);
    let request = Request::of(params);
    let series = shop.server().series;
    let render = |answer| Json(envelope(series, id, answer)).into_response();
    let now = now();
    fault::answer(&shop, request.database(), &request.step(), |server| request.run(server, &now), render).await
}

/// The JSON object of a request, or the answer of the real dispatcher to what is none.
pub(super) async fn read(request: HttpRequest<Body>) -> Result<Value, Response> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !kind.starts_with("application/json") {
        return Err(page::werkzeug(
            StatusCode::BAD_REQUEST,
            "The browser (or proxy) sent a request that this server could not understand.",
        ));
    }
    let plain = |words: &'static str| (StatusCode::BAD_REQUEST, words).into_response();
    let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| {
        page::werkzeug(StatusCode::PAYLOAD_TOO_LARGE, "The data value transmitted exceeds the capacity limit.")
    })?;
    let body: Value = serde_json::from_slice(&bytes).map_err(|_| plain("Invalid JSON data"))?;
    if body.is_object() { Ok(body) } else { Err(plain("Invalid JSON-RPC data")) }
}
