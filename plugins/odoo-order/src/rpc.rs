//! JSON-RPC calls to one Odoo (`POST /jsonrpc`), the password written by the host. Called by `journey`; what an
//! answer means is said in `answer`. No call is tried twice: a create that was lost on the way back was still made.

use std::time::Duration;

use floorwalker_sdk::host::http::{self, Encoding, Part};
use floorwalker_sdk::{Run, Stop};
use serde_json::{Value, json};

use crate::OdooOrder;
use crate::answer;

/// A call may take that part of the run's time unless the config says otherwise: when one hangs, there is time left to
/// cancel the order, read it back and say which step it was.
const RUN_PARTS: u32 = 4;

/// An Odoo server as a check's config names it.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    config: &'a OdooOrder,
    call_timeout: Duration,
}

/// A server and the user that logged in there.
pub(crate) struct Session<'a> {
    server: Server<'a>,
    user: i64,
}

impl<'a> Server<'a> {
    pub(crate) fn new(config: &'a OdooOrder, run: &Run) -> Self {
        let call_timeout_ms = config.call_timeout_ms.unwrap_or(run.timeout_ms / RUN_PARTS);
        Self { config, call_timeout: Duration::from_millis(call_timeout_ms.into()) }
    }

    /// What the server says of its version; needs no login.
    pub(crate) fn version(self) -> Result<Value, Stop> {
        self.post("common", "version", vec![Part::from("[]")])
    }

    /// Logs in.
    pub(crate) fn authenticate(self) -> Result<Session<'a>, Stop> {
        let before = [json!(self.config.database), json!(self.config.login)];
        let result = self.post("common", "authenticate", self.with_password(&before, &[json!({})]))?;
        Ok(Session { server: self, user: answer::user(&result, &self.config.login)? })
    }

    /// A list of arguments with the password in its middle.
    fn with_password(self, before: &[Value], after: &[Value]) -> Vec<Part> {
        let listed = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>().join(",");
        vec![
            Part::from(format!("[{},\"", listed(before))),
            Part::secret(&self.config.password_secret, Encoding::Json),
            Part::from(format!("\",{}]", listed(after))),
        ]
    }

    fn post(self, service: &str, method: &str, args: Vec<Part>) -> Result<Value, Stop> {
        let head = format!(
            r#"{{"jsonrpc":"2.0","method":"call","id":{},"params":{{"service":"{service}","method":"{method}","args":"#,
            answer::ID
        );
        let mut body = vec![Part::from(head)];
        body.extend(args);
        body.push(Part::from("}}"));
        let url = format!("{}/jsonrpc", self.config.base_url.trim_end_matches('/'));
        let request = http::post(&url).header("content-type", "application/json").body(body);
        answer::result(&request.timeout(self.call_timeout).fetch()?)
    }
}

impl Session<'_> {
    /// Calls a method of a model: positional arguments, then named ones.
    pub(crate) fn call(&self, model: &str, method: &str, args: &Value, named: &Value) -> Result<Value, Stop> {
        let before = [json!(self.server.config.database), json!(self.user)];
        let after = [json!(model), json!(method), args.clone(), named.clone()];
        self.server.post("object", "execute_kw", self.server.with_password(&before, &after))
    }

    /// Ids of the records where a field has a value; two at most, which is enough to see that there is not one.
    pub(crate) fn search(&self, model: &str, field: &str, value: &str) -> Result<Vec<i64>, Stop> {
        let found = self.call(model, "search", &json!([[[field, "=", value]]]), &json!({"limit": 2}))?;
        answer::ids(&found)
    }

    /// Fields of records.
    pub(crate) fn read(&self, model: &str, ids: &[i64], fields: &[&str]) -> Result<Vec<Value>, Stop> {
        answer::records(self.call(model, "read", &json!([ids]), &json!({"fields": fields}))?)
    }
}
