//! `stock.quant`: what lies where and how much of it is promised. Called by `model` and `picking`.

use serde_json::json;

use crate::{
    call::Call,
    database::Database,
    named::existing,
    raised::{Answer, Raised},
    schema::Model,
    table::{Row, float, int, known},
};

/// A count of the inventory; it becomes stock by `action_apply_inventory`. Only allowed in inventory mode.
pub(crate) fn create(database: &mut Database, call: &Call<'_>, row: Row) -> Result<i64, Raised> {
    if !call.context_says("inventory_mode") {
        return Err(Raised::user("Quant's creation is restricted, you can't do this operation."));
    }
    Ok(database.tables.insert(known("stock.quant"), row))
}

/// The one method: takes the counted quantity as the quantity. Gives None.
pub(crate) fn run(database: &mut Database, model: &'static Model, call: &Call<'_>) -> Option<Answer> {
    if call.method != "action_apply_inventory" {
        return None;
    }
    Some(existing(database, model, call).map(|quants| {
        for id in quants {
            let row = database.tables.row("stock.quant", id).expect("`existing` found it").clone();
            database.tables.set("stock.quant", id, "quantity", row["inventory_quantity"].clone());
            database.tables.set("stock.quant", id, "inventory_quantity", json!(0.0));
            recount(database, int(&row, "product_id"));
        }
        None
    }))
}

/// Reserves up to `wanted` of a product and gives what was got: nothing while the fault `stock-missing` is on.
pub(crate) fn reserve(database: &mut Database, product: i64, wanted: f64) -> f64 {
    if database.plan.stock_missing() {
        return 0.0;
    }
    let mut got = 0.0;
    for id in database.tables.pointing("stock.quant", "product_id", product) {
        let row = database.tables.row("stock.quant", id).expect("just found").clone();
        let free = float(&row, "quantity") - float(&row, "reserved_quantity");
        let part = free.min(wanted - got).max(0.0);
        got += part;
        database.tables.set("stock.quant", id, "reserved_quantity", json!(float(&row, "reserved_quantity") + part));
    }
    recount(database, product);
    got
}

/// Gives a reservation back.
pub(crate) fn release(database: &mut Database, product: i64, quantity: f64) {
    let mut left = quantity;
    for id in database.tables.pointing("stock.quant", "product_id", product) {
        let reserved = float(database.tables.row("stock.quant", id).expect("just found"), "reserved_quantity");
        let part = reserved.min(left);
        left -= part;
        database.tables.set("stock.quant", id, "reserved_quantity", json!(reserved - part));
    }
    recount(database, product);
}

/// The product's own sums.
fn recount(database: &mut Database, product: i64) {
    let quants = database.tables.pointing("stock.quant", "product_id", product);
    let sum = |field: &str| -> f64 {
        quants.iter().filter_map(|id| database.tables.row("stock.quant", *id)).map(|row| float(row, field)).sum()
    };
    let (on_hand, reserved) = (sum("quantity"), sum("reserved_quantity"));
    database.tables.set("product.product", product, "qty_available", json!(on_hand));
    database.tables.set("product.product", product, "free_qty", json!(on_hand - reserved));
}
