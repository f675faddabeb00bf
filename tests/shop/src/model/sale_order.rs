//! `sale.order`: draft, confirmed, cancelled, and the differences of the series in between. Called by `model`.

use serde_json::{Value, json};

use super::picking;
use crate::{
    call::Call,
    database::Database,
    named::{self, existing},
    raised::{Answer, Raised},
    schema::Model,
    series::Series,
    table::{Row, float, ids, int, known, text, truth},
};

/// Orders kept. A journey every 5 s makes 17,280 a day; nobody looks at those of an hour ago.
const ORDERS_MAX: usize = 1_000;

/// Sales tax of the demonstration company.
const TAX: f64 = 0.15;

/// A draft with its lines. `order_line` takes the command `[0, 0, values]`, the only one a journey needs.
pub(crate) fn create(database: &mut Database, call: &Call<'_>, mut row: Row) -> Result<i64, Raised> {
    let partner = int(&row, "partner_id");
    if database.tables.row("res.partner", partner).is_none() {
        return Err(Raised::validation(
            "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: Sales Order (sale.order)\nField: Customer (partner_id)\n",
        ));
    }
    let commands = row.remove("order_line").unwrap_or_else(|| json!([]));
    let lines = lines(database, &commands)?;
    row.insert("state".into(), json!("draft"));
    row.insert("invoice_status".into(), json!("no"));
    row.insert("date_order".into(), json!(call.now));
    row.insert("warehouse_id".into(), json!(1));
    let id = database.tables.insert(known("sale.order"), row);
    forget_oldest(database);
    database.tables.set("sale.order", id, "name", json!(format!("S{id:05}")));
    let mut line_ids = Vec::new();
    let mut net = 0.0;
    for mut line in lines {
        net += float(&line, "product_uom_qty") * float(&line, "price_unit");
        line.insert("order_id".into(), json!(id));
        line.insert("state".into(), json!("draft"));
        line_ids.push(database.tables.insert(known("sale.order.line"), line));
    }
    let total = (net * (1.0 + TAX) * 100.0).round() / 100.0;
    database.tables.set("sale.order", id, "order_line", json!(line_ids));
    database.tables.set("sale.order", id, "amount_total", json!(total));
    Ok(id)
}

/// Makes room by the oldest cancelled order and all that belongs to it. Real shops keep everything; this one has no disk.
fn forget_oldest(database: &mut Database) {
    if database.tables.all("sale.order").count() <= ORDERS_MAX {
        return;
    }
    let cancelled = database.tables.all("sale.order").find(|(_, row)| text(row, "state") == "cancel");
    let Some((order, pickings)) = cancelled.map(|(id, row)| (id, ids(row, "picking_ids"))) else {
        return;
    };
    for picking in pickings {
        for id in database.tables.pointing("stock.move", "picking_id", picking) {
            database.tables.remove("stock.move", id);
        }
        database.tables.remove("stock.picking", picking);
    }
    super::unlinked(database, known("sale.order"), order);
    database.tables.remove("sale.order", order);
}

/// The lines of the commands, priced by their products.
fn lines(database: &Database, commands: &Value) -> Result<Vec<Row>, Raised> {
    let mut lines = Vec::new();
    for command in commands.as_array().into_iter().flatten() {
        let Some(values) = command.get(2).and_then(Value::as_object).filter(|_| command[0] == json!(0)) else {
            return Err(Raised::value(format!("Wrong command for order_line: {command}")));
        };
        named::known(database, known("sale.order.line"), values.keys().map(String::as_str))?;
        let mut line = values.clone();
        let id = int(&line, "product_id");
        let Some(product) = database.tables.row("product.product", id) else {
            return Err(Raised::missing("product.product", id, 2));
        };
        line.insert("name".into(), product["name"].clone());
        line.entry("price_unit").or_insert_with(|| product["list_price"].clone());
        line.insert(
            "product_uom_qty".into(),
            json!(line.get("product_uom_qty").and_then(Value::as_f64).unwrap_or(1.0)),
        );
        lines.push(line);
    }
    Ok(lines)
}

/// The methods a journey calls.
pub(crate) fn run(database: &mut Database, model: &'static Model, call: &Call<'_>) -> Option<Answer> {
    Some(existing(database, model, call).and_then(|orders| match call.method {
        "action_confirm" => confirm(database, call, &orders),
        "action_cancel" => cancel(database, call, &orders),
        "action_draft" => draft(database, &orders),
        "action_lock" | "action_unlock" if database.tables.series >= Series::V17 => {
            for order in orders {
                database.tables.set("sale.order", order, "locked", json!(call.method == "action_lock"));
            }
            Ok(Some(json!(true)))
        }
        method => Err(Raised::no_method(database.tables.series, model.name, method)),
    }))
}

/// `true`; a second time still `true` in 16, and an error from 17 on.
fn confirm(database: &mut Database, call: &Call<'_>, orders: &[i64]) -> Answer {
    for order in orders {
        let row = &database.tables.row("sale.order", *order).expect("`existing` found it").clone();
        match (text(row, "state"), database.tables.series) {
            ("draft" | "sent", _) => {}
            ("cancel", Series::V16) => {
                return Err(Raised::user("It is not allowed to confirm an order in the following states: cancel"));
            }
            (_, Series::V16) => continue,
            (_, Series::V17) => {
                return Err(Raised::user(format!(
                    "The following orders are not in a state requiring confirmation: {}",
                    text(row, "name")
                )));
            }
            _ => {
                return Err(Raised::user("Some orders are not in a state requiring confirmation."));
            }
        }
        set_state(database, *order, "sale");
        database.tables.set("sale.order", *order, "invoice_status", json!("to invoice"));
        database.tables.set("sale.order", *order, "date_order", json!(call.now));
        picking::for_order(database, call, *order);
    }
    Ok(Some(json!(true)))
}

/// 16 to 18 answer a confirmed order with a wizard and leave it as it is, unless the context says otherwise; 19 cancels.
fn cancel(database: &mut Database, call: &Call<'_>, orders: &[i64]) -> Answer {
    let series = database.tables.series;
    for order in orders {
        let row = database.tables.row("sale.order", *order).expect("`existing` found it");
        if truth(row, "locked") {
            return Err(Raised::user("You cannot cancel a locked order. Please unlock it first."));
        }
        let warned = series <= Series::V18 && !call.context_says("disable_cancel_warning");
        if warned && text(row, "state") != "draft" {
            return Ok(Some(wizard(series, *order)));
        }
    }
    for order in orders {
        let pickings = ids(database.tables.row("sale.order", *order).expect("`existing` found it"), "picking_ids");
        picking::cancel(database, &pickings);
        set_state(database, *order, "cancel");
        database.tables.set("sale.order", *order, "invoice_status", json!("no"));
    }
    Ok(Some(json!(true)))
}

fn wizard(series: Series, order: i64) -> Value {
    let mut context = json!({
        "default_template_id": 14,
        "default_order_id": order,
        "mark_so_as_canceled": true,
        "default_email_layout_xmlid": "mail.mail_notification_layout_with_responsible_signature",
        "model_description": "Sales Order",
    });
    if series == Series::V16 {
        context["default_use_template"] = json!(true);
    }
    json!({
        "name": "Cancel Sales Order",
        "view_mode": "form",
        "res_model": "sale.order.cancel",
        "view_id": 1128,
        "type": "ir.actions.act_window",
        "context": context,
        "target": "new",
    })
}

/// A cancelled order becomes a draft again.
fn draft(database: &mut Database, orders: &[i64]) -> Answer {
    let cancelled: Vec<i64> =
        named::with_state(database, "sale.order", orders, &["cancel", "sent"]).into_iter().map(|(id, _)| id).collect();
    for order in cancelled {
        set_state(database, order, "draft");
    }
    Ok(Some(json!(true)))
}

/// The order's state, which its lines follow.
fn set_state(database: &mut Database, order: i64, state: &str) {
    database.tables.set("sale.order", order, "state", json!(state));
    for line in database.tables.pointing("sale.order.line", "order_id", order) {
        database.tables.set("sale.order.line", line, "state", json!(state));
    }
}

/// Only a draft or a cancelled order goes.
pub(crate) fn may_unlink(database: &Database, id: i64) -> Result<(), Raised> {
    match database.tables.row("sale.order", id).map(|row| text(row, "state")) {
        Some("draft" | "cancel") => Ok(()),
        _ => Err(Raised::user(
            "You can not delete a sent quotation or a confirmed sales order. You must first cancel it.",
        )),
    }
}
