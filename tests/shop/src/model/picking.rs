//! `stock.picking` and its moves: made when an order is confirmed, reserved at once where there is stock. Called by
//! `model` and `sale_order`.

use serde_json::json;

use super::quant;
use crate::{
    call::Call,
    database::Database,
    named::{existing, with_state},
    raised::{Answer, Raised},
    schema::Model,
    series::Series,
    table::{Row, float, ids, int, known, text, truth},
};

const OPEN: &[&str] = &["confirmed", "partially_available", "assigned"];

/// One delivery for the storable lines of an order, reserved as far as the stock goes (`reservation_method` at_confirm).
pub(crate) fn for_order(database: &mut Database, call: &Call<'_>, order: i64) {
    let series = database.tables.series;
    let row = database.tables.row("sale.order", order).expect("the caller confirmed it").clone();
    let lines: Vec<Row> = ids(&row, "order_line")
        .iter()
        .filter_map(|id| database.tables.row("sale.order.line", *id))
        .filter(|line| {
            database
                .tables
                .row("product.product", int(line, "product_id"))
                .is_some_and(|product| storable(series, product))
        })
        .cloned()
        .collect();
    if lines.is_empty() {
        return;
    }
    let mut values = Row::new();
    values.insert("origin".into(), row["name"].clone());
    values.insert("partner_id".into(), row["partner_id"].clone());
    values.insert("sale_id".into(), json!(order));
    values.insert("scheduled_date".into(), json!(call.now));
    values.insert("state".into(), json!("confirmed"));
    let picking = database.tables.insert(known("stock.picking"), values);
    database.tables.set("stock.picking", picking, "name", json!(format!("WH/OUT/{picking:05}")));
    let mut moves = Vec::new();
    for line in lines {
        let mut values = Row::new();
        values.insert("picking_id".into(), json!(picking));
        values.insert("product_id".into(), line["product_id"].clone());
        values.insert("product_uom_qty".into(), line["product_uom_qty"].clone());
        values.insert("state".into(), json!("confirmed"));
        if series < Series::V19 {
            values.insert("name".into(), line["name"].clone());
        }
        moves.push(database.tables.insert(known("stock.move"), values));
    }
    database.tables.set("stock.picking", picking, "move_ids", json!(moves));
    database.tables.set("sale.order", order, "picking_ids", json!([picking]));
    assign(database, picking);
}

fn storable(series: Series, product: &Row) -> bool {
    if series >= Series::V18 { truth(product, "is_storable") } else { text(product, "type") == "product" }
}

/// The methods a journey calls.
pub(crate) fn run(database: &mut Database, model: &'static Model, call: &Call<'_>) -> Option<Answer> {
    Some(existing(database, model, call).and_then(|pickings| match call.method {
        "action_assign" => {
            let moves: Vec<i64> = pickings.iter().flat_map(|id| moves_of(database, *id)).collect();
            if with_state(database, "stock.move", &moves, OPEN).is_empty() {
                return Err(Raised::user("Nothing to check the availability for."));
            }
            for picking in pickings {
                assign(database, picking);
            }
            Ok(Some(json!(true)))
        }
        "do_unreserve" => {
            for picking in pickings {
                unreserve(database, picking, "confirmed");
            }
            Ok(None)
        }
        "action_cancel" => {
            cancel(database, &pickings);
            Ok(Some(json!(true)))
        }
        method => Err(Raised::no_method(database.tables.series, model.name, method)),
    }))
}

fn moves_of(database: &Database, picking: i64) -> Vec<i64> {
    database.tables.row("stock.picking", picking).map(|row| ids(row, "move_ids")).unwrap_or_default()
}

/// Reserves what is still missing and sets the states that follow from it.
fn assign(database: &mut Database, picking: i64) {
    let reserved_field = database.tables.series.reserved_field();
    for id in moves_of(database, picking) {
        let row = database.tables.row("stock.move", id).expect("a picking lists its own moves").clone();
        if !OPEN.contains(&text(&row, "state")) {
            continue;
        }
        let (wanted, before) = (float(&row, "product_uom_qty"), float(&row, reserved_field));
        let reserved = before + quant::reserve(database, int(&row, "product_id"), wanted - before);
        let state = match reserved {
            reserved if reserved >= wanted => "assigned",
            reserved if reserved > 0.0 => "partially_available",
            _ => "confirmed",
        };
        database.tables.set("stock.move", id, reserved_field, json!(reserved));
        database.tables.set("stock.move", id, "state", json!(state));
    }
    follow(database, picking);
}

/// Gives back what is reserved; the open moves get the state.
fn unreserve(database: &mut Database, picking: i64, state: &str) {
    let reserved_field = database.tables.series.reserved_field();
    for id in moves_of(database, picking) {
        let row = database.tables.row("stock.move", id).expect("a picking lists its own moves").clone();
        if OPEN.contains(&text(&row, "state")) {
            quant::release(database, int(&row, "product_id"), float(&row, reserved_field));
            database.tables.set("stock.move", id, reserved_field, json!(0.0));
            database.tables.set("stock.move", id, "state", json!(state));
        }
    }
    follow(database, picking);
}

/// Cancels deliveries that are not done.
pub(crate) fn cancel(database: &mut Database, pickings: &[i64]) {
    for picking in pickings {
        unreserve(database, *picking, "cancel");
    }
}

/// A picking's state follows its moves.
fn follow(database: &mut Database, picking: i64) {
    let moves = moves_of(database, picking);
    let any = |state: &str| !with_state(database, "stock.move", &moves, &[state]).is_empty();
    let (state, availability) = if any("assigned") && !any("confirmed") || any("partially_available") {
        ("assigned", if any("partially_available") { json!("late") } else { json!("available") })
    } else if any("confirmed") {
        ("confirmed", json!("late"))
    } else {
        ("cancel", json!(false))
    };
    database.tables.set("stock.picking", picking, "state", json!(state));
    database.tables.set("stock.picking", picking, "products_availability_state", availability);
}
