//! Shell: `POST /json/2/<model>/<method>` of series 19: an API key, named arguments, bare results, HTTP statuses.

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::{BODY_BYTES_MAX, Shop, fault, now, page};
use crate::{
    raised::{Answer, Raised},
    series::Series,
    server::{Credential, Invocation, Server},
};

pub(super) fn routes() -> Router<Shop> {
    Router::new().route("/json/2/{model}/{method}", any(json2))
}

async fn json2(
    State(shop): State<Shop>,
    Path((model, method)): Path<(String, String)>,
    request: Request<Body>,
) -> Response {
    if shop.server().series < Series::V19 || request.method() != Method::POST {
        return failed(StatusCode::NOT_FOUND, "werkzeug.exceptions.NotFound", "the method cannot be found");
    }
    let headers = request.headers().clone();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !text("content-type").starts_with("application/json") {
        return page::werkzeug(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Accept: application/json");
    }
    let Ok(bytes) = to_bytes(request.into_body(), BODY_BYTES_MAX).await else {
        return failed(StatusCode::PAYLOAD_TOO_LARGE, "werkzeug.exceptions.RequestEntityTooLarge", "too large");
    };
    let Some(kwargs) = serde_json::from_slice::<Value>(&bytes).ok().and_then(|body| body.as_object().cloned()) else {
        return failed(StatusCode::BAD_REQUEST, "werkzeug.exceptions.BadRequest", "could not parse the body as json");
    };
    let Some(key) = bearer(&headers) else {
        return unauthorised();
    };
    let database = match text("x-odoo-database") {
        "" => shop.server().names().next().unwrap_or_default().to_owned(),
        name => name.to_owned(),
    };
    let call = Invocation { database: &database, model: &model, method: &method, args: &[], kwargs: &kwargs };
    let now = now();
    let work = |server: &mut Server| server.run(&now, &Credential::Key(key), &call);
    fault::answer(&shop, &database, &format!("{model}.{method}"), work, render).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

/// The bare result; None is `null` here, since the whole body is the result.
fn render(answer: Answer) -> Response {
    let raised = match answer {
        Ok(result) => return Json(result).into_response(),
        Err(raised) => raised,
    };
    let status = match raised.name {
        // Real servers cannot tell a wrong key from none.
        "odoo.exceptions.AccessDenied" => return unauthorised(),
        "odoo.exceptions.AccessError" => StatusCode::FORBIDDEN,
        "odoo.exceptions.MissingError" | "builtins.AttributeError" => StatusCode::NOT_FOUND,
        "odoo.exceptions.UserError" if raised.message.starts_with("Object ") => StatusCode::NOT_FOUND,
        "odoo.exceptions.UserError" | "odoo.exceptions.ValidationError" | "builtins.TypeError" => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(Raised::data(&raised))).into_response()
}

fn unauthorised() -> Response {
    let response = failed(StatusCode::UNAUTHORIZED, "werkzeug.exceptions.Unauthorized", "Invalid apikey");
    ([(header::WWW_AUTHENTICATE, "Bearer")], response).into_response()
}

/// The same five keys for what the dispatcher itself refuses.
fn failed(status: StatusCode, name: &str, message: &str) -> Response {
    let body =
        json!({"name": name, "message": message, "arguments": [message, status.as_u16()], "context": {}, "debug": ""});
    (status, Json(body)).into_response()
}
