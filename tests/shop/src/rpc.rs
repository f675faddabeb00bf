//! JSON-RPC without its transport: the envelope, the services `common`, `object` and `db`, the answer's shape.
//! Called by `http::jsonrpc`.

use serde_json::{Map, Value, json};

use crate::{
    raised::{Answer, Raised},
    series::Series,
    server::{Credential, Invocation, Server},
};

/// `params` of a request: a service, its method, its arguments.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    service: &'a str,
    method: &'a str,
    args: &'a [Value],
}

impl<'a> Request<'a> {
    /// Reads `params`; what is missing is empty, and refused when it is asked for.
    #[must_use]
    pub(crate) fn of(params: &'a Value) -> Self {
        let text = |key: &str| params.get(key).and_then(Value::as_str).unwrap_or("");
        let args = params.get("args").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self { service: text("service"), method: text("method"), args }
    }

    fn text(&self, position: usize) -> &'a str {
        self.args.get(position).and_then(Value::as_str).unwrap_or("")
    }

    /// The database it names; `common.version` and `db.list` name none.
    #[must_use]
    pub(crate) fn database(&self) -> &'a str {
        self.text(0)
    }

    /// The step a fault plan may name: `common.authenticate`, `sale.order.action_confirm`.
    #[must_use]
    pub(crate) fn step(&self) -> String {
        match self.service {
            "object" => format!("{}.{}", self.text(3), self.text(4)),
            service => format!("{service}.{}", self.method),
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// What the real services raise.
    pub(crate) fn run(&self, server: &mut Server, now: &str) -> Answer {
        match (self.service, self.method) {
            ("common", "version") => Ok(Some(version(server.series))),
            // Both spell the same; a wrong password is `false`, not an error.
            ("common", "login" | "authenticate") => {
                let uid = server.authenticate(self.text(0), self.text(1), self.text(2))?;
                Ok(Some(uid.map_or(json!(false), |uid| json!(uid))))
            }
            ("db", "list") => Ok(Some(server.names().map(Value::from).collect())),
            ("db", "db_exist") => Ok(Some(json!(server.names().any(|name| name == self.text(0))))),
            ("object", "execute_kw") => self.execute(server, now, self.list(5), &self.dict(6)),
            ("object", "execute") => self.execute(server, now, self.args.get(5..).unwrap_or_default(), &Map::new()),
            ("common" | "db" | "object", method) => Err(Raised::user(format!("Method not found: {method}"))),
            (service, _) => Err(Raised::key(service)),
        }
    }

    fn execute(&self, server: &mut Server, now: &str, args: &[Value], kwargs: &Map<String, Value>) -> Answer {
        let uid = self.args.get(1).and_then(Value::as_i64).unwrap_or(0);
        let call = Invocation { database: self.text(0), model: self.text(3), method: self.text(4), args, kwargs };
        server.run(now, &Credential::Password(uid, self.text(2)), &call)
    }

    fn list(&self, position: usize) -> &'a [Value] {
        self.args.get(position).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn dict(&self, position: usize) -> Map<String, Value> {
        self.args.get(position).and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

/// What `common.version` says.
fn version(series: Series) -> Value {
    json!({
        "server_version": series.to_string(),
        "server_version_info": [series.number(), 0, 0, "final", 0, ""],
        "server_serie": series.to_string(),
        "protocol_version": 1,
    })
}

/// The answer's body: `result`, `error`, or for Python's None neither.
#[must_use]
pub(crate) fn envelope(series: Series, id: &Value, answer: Answer) -> Value {
    let mut body = json!({"jsonrpc": "2.0", "id": id});
    match answer {
        Ok(None) => {}
        Ok(Some(result)) => body["result"] = result,
        Err(raised) => body["error"] = raised.payload(series),
    }
    body
}
