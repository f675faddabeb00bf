//! What the models do beyond storing: creation with its defaults, their own methods, and what refuses deletion.
//! Called by `orm` and `database`.

pub(crate) mod picking;
pub(crate) mod quant;
pub(crate) mod sale_order;

use serde_json::{Map, Value, json};

use crate::{
    call::Call,
    database::Database,
    named,
    raised::{Answer, Raised},
    schema::Model,
    series::Series,
    table::{Row, int, text},
};

/// Creates one record and gives its id.
pub(crate) fn create(
    database: &mut Database,
    model: &'static Model,
    call: &Call<'_>,
    values: &Map<String, Value>,
) -> Result<i64, Raised> {
    named::known(database, model, values.keys().map(String::as_str))?;
    let mut row: Row = values
        .iter()
        .map(|(field, value)| (field.clone(), database.tables.stored(model, field, value.clone())))
        .collect();
    row.insert("create_date".into(), json!(call.now));
    row.insert("write_date".into(), json!(call.now));
    match model.name {
        "sale.order" => sale_order::create(database, call, row),
        "stock.quant" => quant::create(database, call, row),
        "product.product" => {
            product_type(database.tables.series, &row)?;
            Ok(database.tables.insert(model, row))
        }
        _ => Ok(database.tables.insert(model, row)),
    }
}

/// Until 17 a storable product has the type `product`; from 18 on it is `consu` with `is_storable`.
fn product_type(series: Series, row: &Row) -> Result<(), Raised> {
    if series >= Series::V18 && text(row, "type") == "product" {
        return Err(Raised::value("Wrong value for product.template.type: 'product'"));
    }
    Ok(())
}

/// Runs a method of the model's own; `None` when it has none of that name.
pub(crate) fn run(database: &mut Database, model: &'static Model, call: &Call<'_>) -> Option<Answer> {
    match model.name {
        "sale.order" => sale_order::run(database, model, call),
        "stock.picking" => picking::run(database, model, call),
        "stock.quant" => quant::run(database, model, call),
        _ => None,
    }
}

/// Private methods that exist: calling one is an AccessError, where any other underscore name is said not to exist.
pub(crate) fn has_private(model: &Model, method: &str) -> bool {
    matches!(
        (model.name, method),
        ("sale.order", "_action_cancel" | "_action_confirm") | ("stock.picking", "_action_done")
    )
}

/// Refuses a deletion that the real database refuses.
pub(crate) fn may_unlink(database: &Database, model: &'static Model, id: i64) -> Result<(), Raised> {
    match model.name {
        "sale.order" => sale_order::may_unlink(database, id),
        "product.product" if referenced(database, "stock.move", "product_id", id) => {
            // 17 meets the valuation's key first.
            let holder = match database.tables.series {
                Series::V17 => ("Stock Valuation Layer", "stock.valuation.layer"),
                _ => ("Stock Move", "stock.move"),
            };
            Err(in_use(database, holder, ("Product", "product_id")))
        }
        "res.partner" if referenced(database, "sale.order", "partner_id", id) => {
            Err(in_use(database, ("Sales Order", "sale.order"), ("Customer", "partner_id")))
        }
        _ => Ok(()),
    }
}

fn referenced(database: &Database, model: &str, field: &str, id: i64) -> bool {
    database.tables.all(model).any(|(_, row)| int(row, field) == id)
}

/// The words of a foreign key that holds a record; 19 words it anew.
fn in_use(database: &Database, (label, model): (&str, &str), (field_label, field): (&str, &str)) -> Raised {
    Raised::validation(if database.tables.series >= Series::V19 {
        format!(
            "The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: '{label}' ({model})\nThanks to the following constraint: '{field_label}' ({field})\nHow about archiving the record instead?"
        )
    } else {
        let constraint = format!("{}_{field}_fkey", model.replace('.', "_"));
        format!(
            "The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\nModel: {label} ({model})\nConstraint: {constraint}\n"
        )
    })
}

/// What goes with a record that is deleted.
pub(crate) fn unlinked(database: &mut Database, model: &'static Model, id: i64) {
    if model.name == "sale.order" {
        for line in database.tables.pointing("sale.order.line", "order_id", id) {
            database.tables.remove("sale.order.line", line);
        }
    }
}
