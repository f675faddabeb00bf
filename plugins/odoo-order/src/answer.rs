//! What an answer of `/jsonrpc` means. Every error of the application is HTTP 200, so the body decides; it is
//! classified by `error.data.name`, never by its code, which changed between series. Called by `rpc`. Tracebacks and
//! messages of the database driver, which name hosts and ports, are never repeated.

use floorwalker_sdk::host::http::Response;
use floorwalker_sdk::{Reason, Stop};
use serde_json::Value;

/// Id of every request: one is under way at a time.
pub(crate) const ID: u64 = 1;

/// Characters of a server's own words that are repeated: one line, enough to recognise it by.
const WORDS_MAX: usize = 200;

/// The result of a call. A method that returns Python's None answers with neither `result` nor `error`: null here.
pub(crate) fn result(response: &Response) -> Result<Value, Stop> {
    if response.status != 200 {
        return Err(status(response));
    }
    if response.truncated {
        let message = format!("the answer is cut after {} bytes", response.body.len());
        return Err(Stop::fail(Reason::ProtocolError, message));
    }
    let Ok(mut envelope) = serde_json::from_slice::<Value>(&response.body) else {
        return Err(no_json(&response.text()));
    };
    if envelope["jsonrpc"] != "2.0" || envelope["id"] != ID {
        return Err(Stop::fail(Reason::ProtocolError, "the answer is JSON, but not the answer to this call"));
    }
    match envelope.get("error") {
        Some(error) => Err(refused(error)),
        None => Ok(envelope["result"].take()),
    }
}

fn status(response: &Response) -> Stop {
    let code = response.status;
    let location = response.header("location").unwrap_or_default();
    if location.contains("/web/login") {
        return Stop::fail(Reason::AuthFailed, format!("answered {code} to the login page"));
    }
    let shown = match (location, title(&response.text())) {
        ("", None) => String::new(),
        ("", Some(title)) => format!(", a page titled {title:?}"),
        // Where it leads, without a query: that may hold a token.
        (location, _) => format!(", a redirect to {}", words(location.split('?').next().unwrap_or_default())),
    };
    Stop::fail(Reason::HttpStatus, format!("answered {code}{shown}, expected 200"))
}

fn no_json(text: &str) -> Stop {
    if !text.trim_start().starts_with('<') {
        return Stop::fail(Reason::ProtocolError, format!("the answer of {} bytes is no JSON, or cut", text.len()));
    }
    if text.contains("/web/login") || text.contains("type=\"password\"") {
        return Stop::fail(Reason::AuthFailed, "a login page came instead of an answer");
    }
    let titled = title(text).map(|title| format!(" titled {title:?}")).unwrap_or_default();
    Stop::fail(Reason::ProtocolError, format!("an HTML page{titled} came instead of an answer"))
}

/// What Odoo raised.
fn refused(error: &Value) -> Stop {
    let name = error["data"]["name"].as_str().unwrap_or("an error without a name");
    let said = words(error["data"]["message"].as_str().unwrap_or_default());
    let (module, class) = name.rsplit_once('.').unwrap_or(("", name));
    match (module, class) {
        (_, "AccessDenied") => Stop::fail(Reason::AuthFailed, "Odoo refuses the credential"),
        (_, "SessionExpiredException") => Stop::fail(Reason::AuthFailed, "Odoo says the session expired"),
        ("odoo.exceptions", "AccessError") => Stop::fail(Reason::AuthFailed, format!("Odoo does not allow it: {said}")),
        ("odoo.exceptions", _) => Stop::fail(Reason::AssertionFailed, format!("Odoo refuses it: {said}")),
        ("psycopg2.pool", _) => Stop::fail(Reason::Other, format!("Odoo has no database connection left ({name})")),
        (driver, _) if driver.starts_with("psycopg2") => {
            Stop::fail(Reason::Other, format!("Odoo is in trouble with its database ({name})"))
        }
        _ => Stop::fail(Reason::Other, format!("Odoo failed inside ({})", words(name))),
    }
}

/// The user's id; a wrong password is `false`, no error.
pub(crate) fn user(result: &Value, login: &str) -> Result<i64, Stop> {
    match result {
        Value::Bool(false) => Err(Stop::fail(Reason::AuthFailed, format!("Odoo refuses the password of {login}"))),
        other => other.as_i64().ok_or_else(|| unexpected("a user id")),
    }
}

/// An id, as `create` of one record answers.
pub(crate) fn id(result: &Value) -> Result<i64, Stop> {
    result.as_i64().ok_or_else(|| unexpected("an id"))
}

/// A list of ids.
pub(crate) fn ids(result: &Value) -> Result<Vec<i64>, Stop> {
    let list = result.as_array().ok_or_else(|| unexpected("a list of ids"))?;
    list.iter().map(id).collect()
}

/// A list of records.
pub(crate) fn records(result: Value) -> Result<Vec<Value>, Stop> {
    match result {
        Value::Array(records) => Ok(records),
        _ => Err(unexpected("a list of records")),
    }
}

pub(crate) fn unexpected(what: &str) -> Stop {
    Stop::fail(Reason::ProtocolError, format!("the answer holds no {what}"))
}

/// The first line, cut.
fn words(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(WORDS_MAX).collect()
}

fn title(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("<title>")?;
    let (title, _) = rest.split_once("</title>")?;
    Some(words(title.trim()))
}

#[cfg(test)]
mod tests {
    use floorwalker_sdk::host::http::Response;
    use floorwalker_sdk::{Reason, Stop};
    use serde_json::{Value, json};

    use super::result;

    fn answer(status: u16, body: &str) -> Response {
        Response { body: body.as_bytes().to_vec(), ..Response::new(status) }
    }

    fn raised(name: &str, message: &str) -> Response {
        let data = json!({"name": name, "message": message, "debug": "Traceback at /opt/odoo", "arguments": [message]});
        let error = json!({"code": 200, "message": "Odoo Server Error", "data": data});
        answer(200, &json!({"jsonrpc": "2.0", "id": 1, "error": error}).to_string())
    }

    fn said(response: &Response) -> (Reason, String) {
        match result(response).expect_err("no result") {
            Stop::Verdict(verdict) => (verdict.reason.expect("a failed verdict has a reason"), verdict.summary),
            Stop::Error(error) => panic!("the target is to blame: {error}"),
        }
    }

    #[test]
    fn neither_result_nor_error_is_success_with_null() {
        assert_eq!(result(&answer(200, r#"{"jsonrpc":"2.0","id":1}"#)), Ok(Value::Null));
        assert_eq!(result(&answer(200, r#"{"jsonrpc":"2.0","id":1,"result":[7]}"#)), Ok(json!([7])));
    }

    #[test]
    fn errors_are_told_apart_by_name() {
        let cases = [
            ("odoo.exceptions.AccessDenied", Reason::AuthFailed),
            ("odoo.exceptions.AccessError", Reason::AuthFailed),
            ("odoo.http.SessionExpiredException", Reason::AuthFailed),
            ("odoo.exceptions.UserError", Reason::AssertionFailed),
            ("odoo.exceptions.ValidationError", Reason::AssertionFailed),
            ("odoo.exceptions.MissingError", Reason::AssertionFailed),
            ("builtins.KeyError", Reason::Other),
            ("psycopg2.pool.PoolError", Reason::Other),
        ];
        for (name, reason) in cases {
            assert_eq!(said(&raised(name, "words")).0, reason, "{name}");
        }
        assert_eq!(said(&raised("odoo.exceptions.UserError", "No tax.\nmore")).1, "Odoo refuses it: No tax.");
    }

    #[test]
    fn neither_traceback_nor_database_host_is_repeated() {
        let message = "connection to server at \"10.1.2.3\", port 5432 failed: FATAL: no database";
        let (reason, summary) = said(&raised("psycopg2.OperationalError", message));
        assert_eq!(reason, Reason::Other);
        assert_eq!(summary, "Odoo is in trouble with its database (psycopg2.OperationalError)");
        assert!(!said(&raised("builtins.KeyError", "secret")).1.contains("Traceback"));
    }

    #[test]
    fn pages_instead_of_answers_are_told_apart() {
        let page =
            |title: &str, body: &str| format!("<html><head><title>{title}</title></head><body>{body}</body></html>");
        let login = page("Login | Odoo", r#"<form action="/web/login"><input type="password"/></form>"#);
        assert_eq!(said(&answer(200, &login)).0, Reason::AuthFailed);
        assert_eq!(said(&answer(200, &page("Maintenance", "soon"))).0, Reason::ProtocolError);
        assert_eq!(
            said(&answer(502, &page("502 Bad Gateway", ""))),
            (Reason::HttpStatus, "answered 502, a page titled \"502 Bad Gateway\", expected 200".to_owned())
        );
        assert_eq!(said(&answer(503, &page("Maintenance", ""))).0, Reason::HttpStatus);
    }

    #[test]
    fn a_redirect_says_where_to_without_its_query() {
        let to = |location: &str| Response {
            headers: vec![("location".to_owned(), location.to_owned())],
            ..Response::new(303)
        };
        let summary = said(&to("/web/database/selector?token=1")).1;
        assert_eq!(summary, "answered 303, a redirect to /web/database/selector, expected 200");
        assert_eq!(said(&to("/web/login")).0, Reason::AuthFailed);
    }

    #[test]
    fn cut_and_foreign_answers_break_the_protocol() {
        assert_eq!(said(&answer(200, r#"{"jsonrpc":"2.0","id":1,"resu"#)).0, Reason::ProtocolError);
        assert_eq!(said(&answer(200, r#"{"jsonrpc":"2.0","id":9,"result":1}"#)).0, Reason::ProtocolError);
        assert_eq!(said(&answer(200, "[]")).0, Reason::ProtocolError);
        let cut = Response { truncated: true, ..answer(200, "{}") };
        assert_eq!(said(&cut).0, Reason::ProtocolError);
    }
}
