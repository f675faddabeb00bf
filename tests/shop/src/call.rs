//! One call of a model's method: who, when, which method, with what. Made by `rpc` and `http::json2`, read by `orm`
//! and the models. Positional and named arguments are the same thing here, as in Python.

use serde_json::{Map, Value};

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `base.group_system`: everything.
    System,
    /// The journey's own user: internal user, salesman, stock user. No deletion, no system tables.
    Synthetic,
}

/// A call by a user whose password was right.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// `YYYY-MM-DD HH:MM:SS` in UTC, as Odoo writes instants.
    pub now: &'a str,
    /// The caller's user id.
    pub uid: i64,
    /// The caller's rights.
    pub role: Role,
    /// Technical name of the model.
    pub model: &'a str,
    /// Name of the method.
    pub method: &'a str,
    /// Positional arguments; those of a record's method begin with its ids.
    pub args: &'a [Value],
    /// Named arguments, `context` among them.
    pub kwargs: &'a Map<String, Value>,
}

impl Call<'_> {
    /// An argument by position or by name.
    #[must_use]
    pub(crate) fn arg(&self, position: usize, name: &str) -> Option<&Value> {
        self.args.get(position).or_else(|| self.kwargs.get(name))
    }

    /// The records a method is called on: an id, a list of ids, or `ids` by name.
    #[must_use]
    pub(crate) fn ids(&self) -> Vec<i64> {
        match self.arg(0, "ids") {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_i64).collect(),
            Some(value) => value.as_i64().into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Whether a key of the context is set to something true.
    #[must_use]
    pub(crate) fn context_says(&self, key: &str) -> bool {
        self.kwargs
            .get("context")
            .and_then(|context| context.get(key))
            .is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
    }
}
