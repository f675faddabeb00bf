//! What a call names: fields of a model, and records, which must exist. Used by `orm` and by the models' own methods; it
//! changes nothing.

use crate::{
    call::Call,
    database::Database,
    raised::Raised,
    schema::Model,
    table::{Row, text},
};

/// Refuses a field that the model does not have in this series.
pub(crate) fn known<'a>(
    database: &Database,
    model: &'static Model,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), Raised> {
    for name in names {
        if model.field(database.tables.series, name).is_none() {
            return Err(Raised::value(format!("Invalid field '{name}' on model '{}'", model.name)));
        }
    }
    Ok(())
}

/// The records of a call, all of which must exist.
pub(crate) fn existing(database: &Database, model: &'static Model, call: &Call<'_>) -> Result<Vec<i64>, Raised> {
    let ids = call.ids();
    match ids.iter().find(|id| database.tables.row(model.name, **id).is_none()) {
        Some(id) => Err(Raised::missing(model.name, *id, call.uid)),
        None => Ok(ids),
    }
}

/// Of these records, those in one of these states.
pub(crate) fn with_state<'a>(
    database: &'a Database,
    model: &'static str,
    ids: &[i64],
    states: &[&str],
) -> Vec<(i64, &'a Row)> {
    let rows = ids.iter().filter_map(|id| Some((*id, database.tables.row(model, *id)?)));
    rows.filter(|(_, row)| states.contains(&text(row, "state"))).collect()
}
