//! The journey on a genuine Odoo 11, behind an ingress: the ingress makes its own faults, the others are made where
//! they arise, in Odoo's records and in its database.

use std::sync::Arc;

use harness::{
    real::{
        odoo::{self, Odoo},
        postgres,
    },
    skip,
};
use serde_json::{Value, json};
use shop::{Fault, Ingress, Plan};
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{
    Shop, a_wrong_password_makes_nothing, cases, each_fault_is_told, journey_passes, plan,
    what_a_killed_run_left_is_undone,
};
use crate::sandbox::{Ask, Sandbox, reason};

/// What a query of the database shows of an order that is not wholly undone; each is none.
const RESIDUE: [(&str, &str); 8] = [
    ("open orders", "select count(*) from sale_order where state <> 'cancel'"),
    ("open deliveries", "select count(*) from stock_picking where state <> 'cancel'"),
    ("open movements", "select count(*) from stock_move where state not in ('cancel', 'done')"),
    ("movement lines", "select count(*) from stock_move_line where state not in ('cancel', 'done')"),
    ("reserved stock", "select count(*) from stock_quant where reserved_quantity <> 0"),
    ("invoices", "select count(*) from account_invoice"),
    ("entries in the books", "select count(*) from account_move"),
    ("mails", "select count(*) from mail_mail"),
];

/// One at a time: each has a server and a database of its own, and the machine has two cores.
static TURN: std::sync::LazyLock<Arc<Mutex<()>>> = std::sync::LazyLock::new(Arc::default);

/// Odoo behind an ingress.
struct Genuine {
    ingress: Ingress,
    standing: Standing,
    odoo: Odoo,
    // What runs in the folder ends before the folder goes.
    folder: TempDir,
    _turn: OwnedMutexGuard<()>,
}

/// What of Odoo's own is broken.
enum Standing {
    Nothing,
    /// The delivery rules that were archived.
    Rules(Value),
    Stock,
    /// A transaction of somebody else that holds the deliveries.
    Lock(postgres::Session),
}

impl Genuine {
    async fn open() -> Self {
        let turn = Arc::clone(&TURN).lock_owned().await;
        let folder = tempfile::Builder::new().prefix("floorwalker-odoo-").tempdir().expect("a folder");
        let odoo = odoo::start(folder.path()).await.expect("an Odoo");
        let ingress = shop::ingress(&odoo.url).await.expect("an ingress");
        Self { ingress, standing: Standing::Nothing, odoo, folder, _turn: turn }
    }

    async fn heal(&mut self) {
        match std::mem::replace(&mut self.standing, Standing::Nothing) {
            Standing::Nothing => {}
            Standing::Rules(rules) => self.rules_write(&rules, json!({"active": true})).await,
            Standing::Stock => self.odoo.stock_set(odoo::STOCK).await.expect("filled"),
            Standing::Lock(session) => session.release(),
        }
    }

    async fn rules_write(&self, rules: &Value, values: Value) {
        let args = json!([rules, values]);
        self.odoo.call("procurement.rule", "write", args, json!({})).await.expect("written");
    }

    async fn rules_archive(&self) -> Value {
        let rules = self.odoo.call("procurement.rule", "search", json!([[]]), json!({})).await.expect("rules");
        self.rules_write(&rules, json!({"active": false})).await;
        rules
    }

    fn count(&self, sql: &str) -> u64 {
        let rows = self.odoo.postgres.query(odoo::DATABASE, sql).expect("an answer");
        rows[0].parse().expect("a number")
    }

    fn residue(&self) -> Vec<(&'static str, u64)> {
        RESIDUE.into_iter().map(|(name, sql)| (name, self.count(sql))).filter(|(_, count)| *count > 0).collect()
    }
}

impl Shop for Genuine {
    const COLLIDES: bool = true;

    fn ask(&self) -> Ask {
        let config = json!({
            "baseUrl": self.ingress.url, "database": odoo::DATABASE, "login": odoo::LOGIN,
            "partner": {"ref": odoo::PARTNER}, "product": {"code": odoo::PRODUCT}, "quantity": 2,
            // A quarter of the run would do on an idle machine.
            "callTimeoutMs": 6_000,
        });
        Ask {
            config,
            secrets: vec![("odoo-api-key", odoo::PASSWORD.to_owned())],
            origins: vec![self.ingress.url.clone()],
            wall_ms: Some(60_000),
            ..Ask::default()
        }
    }

    async fn fault(&mut self, of: Plan) {
        self.heal().await;
        let for_ingress = match of.fault {
            Fault::ConfirmRefused => {
                self.standing = Standing::Rules(self.rules_archive().await);
                plan(Fault::None)
            }
            Fault::StockMissing => {
                self.odoo.stock_set(0).await.expect("emptied");
                self.standing = Standing::Stock;
                plan(Fault::None)
            }
            Fault::ConfirmSlow => {
                let lock = "lock table stock_picking in exclusive mode";
                let held = self.odoo.postgres.hold(odoo::DATABASE, lock, self.folder.path()).await;
                self.standing = Standing::Lock(held.expect("held"));
                plan(Fault::None)
            }
            _ => of,
        };
        assert!(self.ingress.plan_set(for_ingress), "a fault that nobody makes here");
    }

    async fn orders(&self) -> Vec<String> {
        let sql = "select state from sale_order where client_order_ref like 'floorwalker-%' order by id";
        self.odoo.postgres.query(odoo::DATABASE, sql).expect("an answer")
    }

    async fn confirming(&self) -> bool {
        self.count("select count(*) from pg_locks where not granted and relation = 'stock_picking'::regclass") > 0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_passes_on_a_genuine_odoo_and_leaves_no_residue() {
    if let Some(why) = odoo::unavailable() {
        return skip::because("the_journey_passes_on_a_genuine_odoo_and_leaves_no_residue", &why);
    }
    let sandbox = Sandbox::load("odoo-order", "").await;
    let shop = Genuine::open().await;
    a_wrong_password_makes_nothing(&sandbox, &shop).await;
    journey_passes(&sandbox, &shop).await;
    assert_eq!(shop.residue(), []);
    // All that is left are the cancelled papers of the one marked order.
    let order = "select count(*) from sale_order";
    let papers = "select count(*) from stock_picking where origin = (select name from sale_order)";
    assert_eq!((shop.count(order), shop.count(papers)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_genuine_odoo_gives_its_reason_and_step() {
    if let Some(why) = odoo::unavailable() {
        return skip::because("each_fault_of_a_genuine_odoo_gives_its_reason_and_step", &why);
    }
    let sandbox = Sandbox::load("odoo-order", "").await;
    let mut shop = Genuine::open().await;
    each_fault_is_told(&sandbox, &mut shop, &cases()).await;
    assert_eq!(shop.residue(), []);
    // And it is well again.
    let outcome = sandbox.run(&shop.ask()).await;
    assert_eq!(reason(&outcome), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_in_a_genuine_odoo_is_cleaned_up() {
    if let Some(why) = odoo::unavailable() {
        return skip::because("what_a_killed_run_left_in_a_genuine_odoo_is_cleaned_up", &why);
    }
    let sandbox = Sandbox::load("odoo-order", "").await;
    let mut shop = Genuine::open().await;
    what_a_killed_run_left_is_undone(&sandbox, &mut shop).await;
    assert_eq!(shop.residue(), []);
}
