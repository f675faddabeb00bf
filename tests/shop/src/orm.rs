//! The methods every model has: create, read, search, search_read, search_count, write, unlink. Called by `dispatch`;
//! what a model does beyond storing stands in `model`.

use serde_json::{Value, json};

use crate::{
    access::{self, Right},
    call::Call,
    database::Database,
    domain::Domain,
    model,
    named::{existing, known},
    raised::{Answer, Raised},
    schema::Model,
    table::truth,
};

/// Runs one of the common methods; `None` when it is none of them.
pub(crate) fn run(database: &mut Database, model: &'static Model, call: &Call<'_>) -> Option<Answer> {
    Some(match call.method {
        "create" => create(database, model, call),
        "read" => read(database, model, call),
        "search" => found(database, model, call, 1).map(|ids| Some(json!(ids))),
        "search_count" => search_count(database, model, call),
        "search_read" => search_read(database, model, call),
        "write" => write(database, model, call),
        "unlink" => unlink(database, model, call),
        _ => return None,
    })
}

/// A dict gives an id, a list of dicts a list of ids.
fn create(database: &mut Database, model: &'static Model, call: &Call<'_>) -> Answer {
    access::check(call.role, model, Right::Create)?;
    match call.arg(0, "vals_list").or_else(|| call.kwargs.get("vals")) {
        Some(Value::Object(values)) => model::create(database, model, call, values).map(|id| Some(json!(id))),
        Some(Value::Array(list)) => {
            let mut ids = Vec::new();
            for values in list.iter().filter_map(Value::as_object) {
                ids.push(model::create(database, model, call, values)?);
            }
            Ok(Some(json!(ids)))
        }
        _ => Err(Raised::type_error("create() missing 1 required positional argument: 'vals_list'")),
    }
}

fn read(database: &Database, model: &'static Model, call: &Call<'_>) -> Answer {
    access::check(call.role, model, Right::Read)?;
    let fields = fields(database, model, call.arg(1, "fields"))?;
    let mut out = Vec::new();
    for id in call.ids() {
        let row = database.tables.row(model.name, id).ok_or_else(|| Raised::missing(model.name, id, call.uid))?;
        out.push(database.tables.rendered(model, row, &fields));
    }
    Ok(Some(json!(out)))
}

fn search_read(database: &Database, model: &'static Model, call: &Call<'_>) -> Answer {
    let fields = fields(database, model, call.arg(1, "fields"))?;
    let ids = found(database, model, call, 2)?;
    let rows = ids.iter().filter_map(|id| database.tables.row(model.name, *id));
    Ok(Some(rows.map(|row| database.tables.rendered(model, row, &fields)).collect()))
}

fn search_count(database: &Database, model: &'static Model, call: &Call<'_>) -> Answer {
    access::check(call.role, model, Right::Read)?;
    Ok(Some(json!(matching(database, model, call)?.len())))
}

/// Matching ids, ordered and cut; `first` is the position of `offset`, after which `limit` and `order` follow.
fn found(database: &Database, model: &'static Model, call: &Call<'_>, first: usize) -> Result<Vec<i64>, Raised> {
    access::check(call.role, model, Right::Read)?;
    let mut ids = matching(database, model, call)?;
    let order = call.arg(first + 2, "order").and_then(Value::as_str).unwrap_or("");
    // Orders are listed newest first by default; any other order of the real server is by id here.
    if order.contains("desc") || (order.is_empty() && model.name == "sale.order") {
        ids.reverse();
    }
    let number = |position: usize, name: &str| {
        call.arg(position, name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
    };
    let offset = number(first, "offset").unwrap_or(0);
    let limit = number(first + 1, "limit").filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    Ok(ids.into_iter().skip(offset).take(limit).collect())
}

fn matching(database: &Database, model: &'static Model, call: &Call<'_>) -> Result<Vec<i64>, Raised> {
    let empty = json!([]);
    let domain = Domain::parse(model, database.tables.series, call.arg(0, "domain").unwrap_or(&empty))?;
    let archived_too = !model.archives() || domain.names("active");
    let rows = database.tables.all(model.name);
    Ok(rows
        .filter(|(_, row)| (archived_too || truth(row, "active")) && domain.matches(row))
        .map(|(id, _)| id)
        .collect())
}

/// The fields asked for, all when none are named; an unknown one is a ValueError.
fn fields(database: &Database, model: &'static Model, asked: Option<&Value>) -> Result<Vec<String>, Raised> {
    let series = database.tables.series;
    let asked: Vec<&str> = asked.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if asked.is_empty() {
        return Ok(model.fields(series).map(|field| field.name.to_owned()).collect());
    }
    known(database, model, asked.iter().copied())?;
    Ok(asked.into_iter().map(str::to_owned).collect())
}

fn write(database: &mut Database, model: &'static Model, call: &Call<'_>) -> Answer {
    access::check(call.role, model, Right::Write)?;
    let Some(values) = call.arg(1, "vals").and_then(Value::as_object) else {
        return Err(Raised::type_error("write() missing 1 required positional argument: 'vals'"));
    };
    known(database, model, values.keys().map(String::as_str))?;
    for id in existing(database, model, call)? {
        for (field, value) in values {
            let value = database.tables.stored(model, field, value.clone());
            database.tables.set(model.name, id, field, value);
        }
        database.tables.set(model.name, id, "write_date", json!(call.now));
    }
    Ok(Some(json!(true)))
}

fn unlink(database: &mut Database, model: &'static Model, call: &Call<'_>) -> Answer {
    access::check(call.role, model, Right::Unlink)?;
    let ids = existing(database, model, call)?;
    for id in &ids {
        model::may_unlink(database, model, *id)?;
    }
    for id in ids {
        model::unlinked(database, model, id);
        database.tables.remove(model.name, id);
    }
    Ok(Some(json!(true)))
}
