//! The records of one database and how they look when read. Written by `orm` and the models; keeps everything in
//! memory and knows no rule of any model.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    schema::{self, Kind, Model},
    series::Series,
};

/// A record's values by field name; many2one as a bare id.
pub(crate) type Row = Map<String, Value>;

/// Every table of a database.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) series: Series,
    rows: BTreeMap<&'static str, BTreeMap<i64, Row>>,
    last: BTreeMap<&'static str, i64>,
}

impl Tables {
    pub(crate) fn new(series: Series) -> Self {
        Self { series, rows: BTreeMap::new(), last: BTreeMap::new() }
    }

    /// Stores a record with every field of the model, unset ones as Odoo reads them, and gives its id.
    pub(crate) fn insert(&mut self, model: &'static Model, values: Row) -> i64 {
        let last = self.last.entry(model.name).or_insert(0);
        *last += 1;
        let id = *last;
        let mut row: Row = model.fields(self.series).map(|field| (field.name.to_owned(), unset(field.kind))).collect();
        if model.archives() {
            row.insert("active".into(), json!(true));
        }
        row.extend(values);
        row.insert("id".into(), json!(id));
        self.rows.entry(model.name).or_default().insert(id, row);
        id
    }

    pub(crate) fn row(&self, model: &str, id: i64) -> Option<&Row> {
        self.rows.get(model)?.get(&id)
    }

    /// Sets one field of a record that exists; of one that does not, nothing.
    pub(crate) fn set(&mut self, model: &str, id: i64, field: &str, value: Value) {
        if let Some(row) = self.rows.get_mut(model).and_then(|rows| rows.get_mut(&id)) {
            row.insert(field.to_owned(), value);
        }
    }

    pub(crate) fn remove(&mut self, model: &str, id: i64) {
        if let Some(rows) = self.rows.get_mut(model) {
            rows.remove(&id);
        }
    }

    /// All records of a model, oldest first.
    pub(crate) fn all(&self, model: &str) -> impl Iterator<Item = (i64, &Row)> {
        self.rows.get(model).into_iter().flatten().map(|(id, row)| (*id, row))
    }

    /// Ids of the records whose many2one `field` is `id`.
    pub(crate) fn pointing(&self, model: &str, field: &str, id: i64) -> Vec<i64> {
        self.all(model).filter(|(_, row)| int(row, field) == id).map(|(id, _)| id).collect()
    }

    /// A record as `read` gives it, with `id` and the named fields.
    pub(crate) fn rendered(&self, model: &'static Model, row: &Row, fields: &[String]) -> Value {
        let mut out = Row::new();
        out.insert("id".into(), row["id"].clone());
        for field in fields.iter().filter_map(|name| model.field(self.series, name)) {
            let value = match field.kind {
                Kind::One(target) => self.pair(target, int(row, field.name)),
                _ if field.name == "display_name" => json!(name_of(row)),
                _ => row.get(field.name).cloned().unwrap_or_else(|| unset(field.kind)),
            };
            out.insert(field.name.to_owned(), value);
        }
        Value::Object(out)
    }

    /// many2one as `[id, name]`, or `false`.
    fn pair(&self, target: &str, id: i64) -> Value {
        match self.row(target, id) {
            Some(row) => json!([id, name_of(row)]),
            None => json!(false),
        }
    }

    /// A value as its field stores it; refuses nothing, since JSON-RPC clients send ints for floats and false for unset.
    pub(crate) fn stored(&self, model: &'static Model, field: &str, value: Value) -> Value {
        match (model.field(self.series, field).map(|field| field.kind), &value) {
            (Some(Kind::Float), Value::Number(number)) => json!(number.as_f64()),
            _ => value,
        }
    }
}

/// What an unset field reads as.
fn unset(kind: Kind) -> Value {
    match kind {
        Kind::Int => json!(0),
        Kind::Float => json!(0.0),
        Kind::Many(_) => json!([]),
        Kind::Bool | Kind::Text | Kind::One(_) => json!(false),
    }
}

/// An integer or many2one field; 0 when unset, which no record has as its id.
pub(crate) fn int(row: &Row, field: &str) -> i64 {
    row.get(field).and_then(Value::as_i64).unwrap_or(0)
}

/// A float field.
pub(crate) fn float(row: &Row, field: &str) -> f64 {
    row.get(field).and_then(Value::as_f64).unwrap_or(0.0)
}

/// A text field; empty when unset.
pub(crate) fn text<'a>(row: &'a Row, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or("")
}

/// A boolean field.
pub(crate) fn truth(row: &Row, field: &str) -> bool {
    row.get(field).and_then(Value::as_bool).unwrap_or(false)
}

/// The ids of an x2many field.
pub(crate) fn ids(row: &Row, field: &str) -> Vec<i64> {
    row.get(field)
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_i64).collect())
        .unwrap_or_default()
}

/// What a person sees of a record.
fn name_of(row: &Row) -> String {
    let name = text(row, "name");
    if name.is_empty() { text(row, "code").to_owned() } else { name.to_owned() }
}

/// The model of a name the caller knows to exist.
pub(crate) fn known(name: &'static str) -> &'static Model {
    schema::model(name).expect("the stand-in's own code names only models of its schema")
}
