//! The HTML a client meets instead of JSON, and the cut answer. Used by the routes and by `fault`.

use axum::{
    body::{Body, Bytes},
    response::{Html, IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};

/// Odoo's login page, status 200.
pub(super) fn login() -> Response {
    Html(
        "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Login | Odoo</title></head><body class=\"bg-100\">\
         <form class=\"oe_login_form\" role=\"form\" method=\"post\" action=\"/web/login\">\
         <input type=\"hidden\" name=\"csrf_token\" value=\"synthetic\"/><input type=\"text\" name=\"login\" id=\"login\"/>\
         <input type=\"password\" name=\"password\" id=\"password\"/><button type=\"submit\">Log in</button></form></body></html>",
    )
    .into_response()
}

/// The ingress could not reach the shop.
pub(super) fn bad_gateway() -> Response {
    let page = Html(
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
    );
    (StatusCode::BAD_GATEWAY, page).into_response()
}

/// The shop is closed for maintenance.
pub(super) fn maintenance() -> Response {
    let page = Html("<html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>");
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "600")], page).into_response()
}

/// Werkzeug's page of an HTTP error.
pub(super) fn werkzeug(status: StatusCode, words: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<!doctype html>\n<html lang=en>\n<title>{} {title}</title>\n<h1>{title}</h1>\n<p>{words}</p>\n",
        status.as_u16()
    );
    (status, Html(page)).into_response()
}

/// The same answer, announced in full and cut in the middle: the connection ends before the body does.
pub(super) fn cut(whole: Bytes) -> Response {
    let half = stream::iter([Ok(whole.slice(..whole.len() / 2))]);
    let end = stream::once(async {
        // One turn in which the server sends the half; an error at once would take the whole answer with it.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut on purpose"))
    });
    let body = Body::from_stream(half.chain(end));
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response
}
