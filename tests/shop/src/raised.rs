//! An exception as Odoo sends it: the Python name, the message and the five-key `data` of JSON-RPC and JSON-2.
//! Made by the models, rendered by `rpc` and `http::json2`. Invents no message that a recorded server words otherwise.

use serde_json::{Value, json};

use crate::series::Series;

/// A raised exception. `name` is what a client must classify by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Raised {
    /// Module and class, such as `odoo.exceptions.UserError`.
    pub name: &'static str,
    /// What a person reads.
    pub message: String,
}

/// What a call gives: `None` is Python's `None`, which JSON-RPC answers with neither `result` nor `error`.
pub(crate) type Answer = Result<Option<Value>, Raised>;

impl Raised {
    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into() }
    }

    pub(crate) fn user(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.UserError", message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.ValidationError", message)
    }

    pub(crate) fn access(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.AccessError", message)
    }

    pub(crate) fn denied() -> Self {
        Self::new("odoo.exceptions.AccessDenied", "Access Denied")
    }

    pub(crate) fn missing(model: &str, id: i64, uid: i64) -> Self {
        Self::new(
            "odoo.exceptions.MissingError",
            format!("Record does not exist or has been deleted.\n(Record: {model}({id},), User: {uid})"),
        )
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new("builtins.ValueError", message)
    }

    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self::new("builtins.TypeError", message)
    }

    pub(crate) fn key(key: &str) -> Self {
        Self::new("builtins.KeyError", key)
    }

    pub(crate) fn no_model(model: &str) -> Self {
        Self::user(format!("Object {model} doesn't exist"))
    }

    pub(crate) fn no_database(database: &str) -> Self {
        Self::new(
            "psycopg2.OperationalError",
            format!(
                "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"{database}\" does not exist\n"
            ),
        )
    }

    pub(crate) fn pool_full() -> Self {
        Self::new("psycopg2.pool.PoolError", "The Connection Pool Is Full")
    }

    pub(crate) fn session_expired() -> Self {
        Self::new("odoo.http.SessionExpiredException", "Session expired")
    }

    /// A method that is not there. 17 words it its own way.
    pub(crate) fn no_method(series: Series, model: &str, method: &str) -> Self {
        let message = match series {
            Series::V17 => format!("The method '{method}' does not exist on the model '{model}'"),
            _ => format!("The method '{model}.{method}' does not exist"),
        };
        Self::new("builtins.AttributeError", message)
    }

    /// A method whose name begins with an underscore.
    pub(crate) fn private(series: Series, model: &str, method: &str) -> Self {
        let which = match series {
            Series::V17 => method.to_owned(),
            _ => format!("'{model}.{method}'"),
        };
        Self::access(format!("Private methods (such as {which}) cannot be called remotely."))
    }

    /// The five keys of `error.data`. Real servers put a whole traceback with paths into `debug`.
    #[must_use]
    pub(crate) fn data(&self) -> Value {
        let short = self.name.rsplit('.').next().unwrap_or(self.name);
        json!({
            "name": self.name,
            "debug": format!("Traceback (most recent call last):\n  File \"/opt/odoo/odoo/http.py\", line 1, in dispatch\n{short}: {}\n", self.message),
            "message": self.message,
            "arguments": [self.message],
            "context": {},
        })
    }

    /// The `error` member of a JSON-RPC answer.
    #[must_use]
    pub(crate) fn payload(&self, series: Series) -> Value {
        let (code, message) = if self.name == "odoo.http.SessionExpiredException" {
            (100, "Odoo Session Expired")
        } else {
            (series.error_code(), "Odoo Server Error")
        };
        json!({"code": code, "message": message, "data": self.data()})
    }
}
