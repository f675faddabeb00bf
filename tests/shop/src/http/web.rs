//! Shell: the `/web` routes: health, version, login page, sessions and calls with a session cookie.

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Shop, fault, jsonrpc::read, now, page};
use crate::{
    raised::Raised,
    rpc::envelope,
    series::Series,
    server::{Credential, Invocation},
};

pub(super) fn routes() -> Router<Shop> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/web") }))
        .route("/web", get(|| async { Redirect::to("/web/login") }))
        .route("/web/login", get(login_page))
        .route("/web/health", get(health))
        .route("/web/version", get(version))
        .route("/json/version", get(version))
        .route("/web/session/authenticate", post(authenticate))
        .route("/web/dataset/call_kw", post(call_kw))
        .route("/web/dataset/call_kw/{*path}", post(call_kw_at))
}

/// `db` is what a database filter by host name does on a real server: it says whose page this is.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    db: String,
    db_server_status: Option<String>,
}

async fn login_page(State(shop): State<Shop>, Query(asked): Query<Asked>) -> Response {
    fault::answer(&shop, &asked.db, "web.login", |_| Ok(None), |_| page::login()).await
}

/// Proves an HTTP worker; only with `db_server_status` the database server too, which here is always there.
async fn health(State(shop): State<Shop>, Query(asked): Query<Asked>) -> Response {
    let render = |_| {
        let mut body = json!({"status": "pass"});
        if asked.db_server_status.is_some() {
            body["db_server_status"] = json!(true);
        }
        ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
    };
    fault::answer(&shop, &asked.db, "web.health", |_| Ok(None), render).await
}

/// New in 19.
async fn version(State(shop): State<Shop>) -> Response {
    let series = shop.server().series;
    if series < Series::V19 {
        return page::werkzeug(StatusCode::NOT_FOUND, "The requested URL was not found on the server.");
    }
    let info = json!([series.number(), 0, 0, "final", 0, ""]);
    Json(json!({"version_info": info, "version": series.to_string()})).into_response()
}

/// Seven days, as the real cookie.
const SESSION_AGE_S: u32 = 604_800;

async fn authenticate(State(shop): State<Shop>, request: Request<Body>) -> Response {
    let body = match read(request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let (id, params) = (&body["id"], &body["params"]);
    let text = |key: &str| params[key].as_str().unwrap_or("");
    let series = shop.server().series;
    let session = Uuid::new_v4().simple().to_string();
    let cookie = format!("session_id={session}; Max-Age={SESSION_AGE_S}; HttpOnly; Path=/");
    let render = |answer: crate::raised::Answer| {
        let opened = answer.is_ok();
        let mut response = Json(envelope(series, id, answer)).into_response();
        if let Some(value) = HeaderValue::from_str(&cookie).ok().filter(|_| opened) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
        response
    };
    let work = |server: &mut crate::server::Server| {
        server.session_open(session.clone(), text("db"), text("login"), text("password"))
    };
    fault::answer(&shop, text("db"), "web.session.authenticate", work, render).await
}

async fn call_kw_at(state: State<Shop>, Path(_): Path<String>, request: Request<Body>) -> Response {
    call_kw(state, request).await
}

/// A method with the session's user; the model and method of the body count, those of the path are decoration.
async fn call_kw(State(shop): State<Shop>, request: Request<Body>) -> Response {
    let session = session_of(request.headers());
    let body = match read(request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let (id, params) = (&body["id"], &body["params"]);
    let series = shop.server().series;
    let render = |answer| Json(envelope(series, id, answer)).into_response();
    let Some((database, uid)) = session.and_then(|session| shop.server().session(&session)) else {
        return render(Err(Raised::session_expired()));
    };
    let (model, method) = (params["model"].as_str().unwrap_or(""), params["method"].as_str().unwrap_or(""));
    let none = Map::new();
    let args = params["args"].as_array().map(Vec::as_slice).unwrap_or_default();
    let kwargs = params["kwargs"].as_object().unwrap_or(&none);
    let now = now();
    let call = Invocation { database: &database, model, method, args, kwargs };
    let work = |server: &mut crate::server::Server| server.run(&now, &Credential::Session(uid), &call);
    fault::answer(&shop, &database, &format!("{model}.{method}"), work, render).await
}

/// `session_id` of the cookies sent.
fn session_of(headers: &HeaderMap) -> Option<String> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| Value::as_str(&json!(value.to_str().ok()?)).map(str::to_owned));
    let pairs: Vec<String> =
        cookies.flat_map(|line| line.split(';').map(|pair| pair.trim().to_owned()).collect::<Vec<_>>()).collect();
    pairs.iter().find_map(|pair| pair.strip_prefix("session_id=")).map(str::to_owned)
}
