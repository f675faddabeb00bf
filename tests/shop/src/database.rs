//! One database: its tables, users, fault plan and permanent synthetic fixtures. Owned by `server`; one per tenant.

use serde_json::{Value, json};

use crate::{
    access::{self, User},
    fault::Plan,
    series::Series,
    table::{Row, Tables, ids, known, text},
};

/// Stock of the synthetic product: far more than any test reserves at once.
const STOCK: f64 = 10_000.0;

/// A database of the stand-in.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) tables: Tables,
    pub(crate) users: Vec<User>,
    pub(crate) plan: Plan,
}

impl Database {
    /// A database with its fixtures: warehouse, the partner `synthetic-probe`, the product `SYN-PROBE` with stock,
    /// scheduled actions and the installed modules.
    pub(crate) fn new(name: &str, series: Series) -> Self {
        let mut database = Self { tables: Tables::new(series), users: access::users(name), plan: Plan::default() };
        let location = database.insert("stock.location", json!({"name": "WH/Stock", "usage": "internal"}));
        database.insert("stock.warehouse", json!({"code": "WH", "lot_stock_id": location}));
        database.insert("res.partner", json!({"name": "Synthetic customer", "ref": "synthetic-probe"}));
        let mut product = json!({"name": "Synthetic item", "default_code": "SYN-PROBE", "list_price": 1.0, "sale_ok": true,
            "qty_available": STOCK, "free_qty": STOCK});
        if series >= Series::V18 {
            product["type"] = json!("consu");
            product["is_storable"] = json!(true);
        } else {
            product["type"] = json!("product");
            product["detailed_type"] = json!("product");
        }
        let product = database.insert("product.product", product);
        database.insert("stock.quant", json!({"product_id": product, "location_id": location, "quantity": STOCK}));
        for name in ["sale_management", "account", "stock", "point_of_sale", "sale_stock"] {
            database.insert(
                "ir.module.module",
                json!({"name": name, "installed_version": format!("{series}.1.0"), "state": "installed"}),
            );
        }
        for name in ["Account: Post draft entries", "Base: Auto-vacuum internal data"] {
            let mut cron = json!({"cron_name": name, "nextcall": "2099-01-01 02:00:00"});
            if series <= Series::V17 {
                cron["numbercall"] = json!(-1);
            }
            database.insert("ir.cron", cron);
        }
        database
    }

    fn insert(&mut self, model: &'static str, values: Value) -> i64 {
        let values: Row = values.as_object().cloned().unwrap_or_default();
        self.tables.insert(known(model), values)
    }

    /// The user of that login and password.
    pub(crate) fn login(&self, login: &str, password: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login == login && user.password == password)
    }

    /// The user of that id and password, or of that API key.
    pub(crate) fn user(&self, uid: i64, password: &str) -> Option<&User> {
        self.users.iter().find(|user| user.uid == uid && user.password == password)
    }

    /// What the journeys left: every order with its marks, state and deliveries. For tests.
    pub(crate) fn residue(&self) -> Value {
        let order = |id: i64, row: &Row| {
            let pickings = ids(row, "picking_ids");
            let states: Vec<&str> = pickings
                .iter()
                .filter_map(|id| self.tables.row("stock.picking", *id))
                .map(|row| text(row, "state"))
                .collect();
            json!({
                "id": id,
                "name": row["name"],
                "client_order_ref": row["client_order_ref"],
                "origin": row["origin"],
                "state": row["state"],
                "pickings": states,
            })
        };
        self.tables.all("sale.order").map(|(id, row)| order(id, row)).collect()
    }
}
