//! The steps of the journey, as calls to Odoo and marks in the ledger. Called by `lib` for a run and for clean-up.
//! Mutating calls are made once; what a lost answer may have made is found again by the order's own reference.

use floorwalker_sdk::host::ledger::{self, Entry};
use floorwalker_sdk::host::{log, state};
use floorwalker_sdk::{Run, Stop, step};
use serde_json::{Value, json};

use crate::answer;
use crate::check::{self, Order, Series};
use crate::rpc::{Server, Session};
use crate::{OdooOrder, Partner, Product};

/// Key of the state under which clean-up remembers orders it did not find.
const ABSENT: &str = "absent";

/// How many of them: a value of the state holds 4 KiB, a key with its line end 48 bytes. The rest waits its turn.
const ABSENT_MAX: usize = 80;

/// A logged-in user at a server whose series is known.
pub(crate) struct Desk<'a> {
    config: &'a OdooOrder,
    series: Series,
    session: Session<'a>,
}

impl<'a> Desk<'a> {
    /// Steps `version` and `authenticate`.
    pub(crate) fn log_in(config: &'a OdooOrder, run: &Run) -> Result<Self, Stop> {
        let server = Server::new(config, run);
        let series = step::run("version", || Series::of(&server.version()?))?;
        let session = step::run("authenticate", || server.authenticate())?;
        Ok(Self { config, series, session })
    }

    pub(crate) fn series(&self) -> Series {
        self.series
    }

    /// Ids of the dedicated partner and product.
    pub(crate) fn fixtures(&self) -> Result<(i64, i64), Stop> {
        let partner = match &self.config.partner {
            Partner::Id(id) => i64::from(*id),
            Partner::Ref(name) => {
                check::only(&self.session.search("res.partner", "ref", name)?, &format!("partner with ref {name:?}"))?
            }
        };
        let product = match &self.config.product {
            Product::Id(id) => i64::from(*id),
            Product::Code(code) => {
                let found = self.session.search("product.product", "default_code", code)?;
                check::only(&found, &format!("product with code {code:?}"))?
            }
        };
        Ok((partner, product))
    }

    /// Makes the marked order, or finds the one that this very run made before it was cut off.
    pub(crate) fn create(&self, entry: &Entry, partner: i64, product: i64) -> Result<i64, Stop> {
        ledger::intent(entry)?;
        let order = match self.orders(&entry.key)?.first() {
            Some(order) => *order,
            None => {
                let line = json!([0, 0, {"product_id": product, "product_uom_qty": self.config.quantity}]);
                let values = json!({"partner_id": partner, "client_order_ref": entry.key, "order_line": [line]});
                answer::id(&self.session.call("sale.order", "create", &json!([values]), &json!({}))?)?
            }
        };
        ledger::created(&entry.clone().with_id(order))?;
        Ok(order)
    }

    /// Steps `confirm` and `reserve`.
    pub(crate) fn confirm_and_reserve(&self, order: i64) -> Result<(), Stop> {
        let confirmed = step::run("confirm", || {
            self.session.call("sale.order", "action_confirm", &json!([[order]]), &json!({}))?;
            let read = self.order(order)?;
            check::confirmed(&read)?;
            Ok(read)
        });
        if confirmed.is_err() {
            step::open("reserve").skip("the order is not confirmed");
        }
        let pickings = confirmed?.pickings;
        step::run("reserve", || self.reserve(&pickings))
    }

    fn reserve(&self, pickings: &[i64]) -> Result<(), Stop> {
        // Most picking types reserve at confirmation; asking again is harmless, and needed where they do not.
        self.session.call("stock.picking", "action_assign", &json!([pickings]), &json!({}))?;
        let read = self.session.read("stock.picking", pickings, &["name", "state"])?;
        let field = self.series.reserved_field();
        let of_pickings = json!([[["picking_id", "in", pickings]]]);
        let fields = json!({"fields": ["state", "product_uom_qty", field]});
        let moves = answer::records(self.session.call("stock.move", "search_read", &of_pickings, &fields)?)?;
        check::reserved(&read, &moves, field, self.config.quantity)
    }

    /// Steps `cancel` and `read-back`, after whatever came before.
    pub(crate) fn undo(&self, order: i64, entry: &Entry) -> Result<(), Stop> {
        let cancelled = step::run("cancel", || self.cancel(order));
        if cancelled.is_err() {
            step::open("read-back").skip("the order is not cancelled");
        }
        cancelled?;
        step::run("read-back", || self.read_back(order))?;
        Ok(ledger::cleaned(entry)?)
    }

    fn cancel(&self, order: i64) -> Result<(), Stop> {
        self.session.call("sale.order", "action_cancel", &json!([[order]]), &self.series.cancel_options())?;
        Ok(())
    }

    fn read_back(&self, order: i64) -> Result<(), Stop> {
        let read = self.order(order)?;
        let pickings: Vec<Value> = match &read.pickings[..] {
            [] => Vec::new(),
            ids => self.session.read("stock.picking", ids, &["name", "state"])?,
        };
        check::cancelled(&read, &pickings)
    }

    fn order(&self, order: i64) -> Result<Order, Stop> {
        Order::of(&self.session.read("sale.order", &[order], &["name", "state", "picking_ids"])?)
    }

    fn orders(&self, key: &str) -> Result<Vec<i64>, Stop> {
        self.session.search("sale.order", "client_order_ref", key)
    }
}

/// Cancels what runs left behind. An entry is cleaned when its order is seen cancelled, or when it was not there at
/// two clean-ups: at the first, a create that was cut off on the way may still be at work.
pub(crate) fn sweep(config: &OdooOrder, run: &Run, left: &[Entry]) -> Result<(), Stop> {
    let desk = Desk::log_in(config, run)?;
    let before = state::load(ABSENT)?.unwrap_or_default();
    let before = String::from_utf8_lossy(&before).into_owned();
    let mut absent = Vec::new();
    let mut trouble = None;
    for entry in left {
        match desk.sweep_one(entry) {
            Ok(Swept::Cancelled) => ledger::cleaned(entry)?,
            Ok(Swept::Absent) if before.lines().any(|key| key == entry.key) => ledger::cleaned(entry)?,
            Ok(Swept::Absent) => absent.push(entry.key.as_str()),
            // One order that cannot be cancelled must not keep the others.
            Err(stop) => trouble = Some(stop),
        }
    }
    match &absent[..] {
        [] => state::remove(ABSENT)?,
        keys => {
            log::info(&format!("{} orders were not found; the next clean-up looks once more", keys.len()));
            state::save(ABSENT, keys[..keys.len().min(ABSENT_MAX)].join("\n").as_bytes())?;
        }
    }
    trouble.map_or(Ok(()), Err)
}

enum Swept {
    Cancelled,
    Absent,
}

impl Desk<'_> {
    fn sweep_one(&self, entry: &Entry) -> Result<Swept, Stop> {
        let orders = self.orders(&entry.key)?;
        for order in &orders {
            if self.order(*order)?.state != "cancel" {
                self.cancel(*order)?;
            }
            self.read_back(*order)?;
        }
        Ok(if orders.is_empty() { Swept::Absent } else { Swept::Cancelled })
    }
}
