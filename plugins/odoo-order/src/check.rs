//! The judgement of what Odoo's records say, and the facts in which series differ. Called by `journey`; pure.

use std::fmt;

use floorwalker_sdk::{CheckError, Reason, Stop, ensure};
use serde_json::{Value, json};

use crate::answer::unexpected;

/// A series this journey was verified on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series(u32);

/// Series whose calls are known.
const KNOWN: [u32; 5] = [11, 16, 17, 18, 19];

impl Series {
    /// From what `common.version` says: `17.0`, or `saas~17.4` between releases.
    pub(crate) fn of(version: &Value) -> Result<Self, Stop> {
        let said = version["server_serie"].as_str().ok_or_else(|| unexpected("series"))?;
        let digits: String =
            said.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        match digits.parse() {
            Ok(number) if KNOWN.contains(&number) => Ok(Self(number)),
            _ => Err(CheckError::new(
                Reason::PrerequisiteMissing,
                format!("the server is of series {said:.20}; this journey knows 11 and 16 to 19"),
            )
            .into()),
        }
    }

    /// The field of `stock.move` that holds the reserved quantity.
    pub(crate) fn reserved_field(self) -> &'static str {
        if self.0 >= 17 { "quantity" } else { "reserved_availability" }
    }

    /// Named arguments of `action_cancel`: 16 to 18 answer a confirmed order with a wizard and leave it as it is,
    /// unless the context says otherwise; 11 and 19 know no wizard.
    pub(crate) fn cancel_options(self) -> Value {
        match self.0 {
            16..=18 => json!({"context": {"disable_cancel_warning": true}}),
            _ => json!({}),
        }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Odoo {}", self.0)
    }
}

/// The one fixture that a reference names. Its absence is the prober's trouble: the shop sells what it has.
pub(crate) fn only(found: &[i64], what: &str) -> Result<i64, Stop> {
    match found {
        [id] => Ok(*id),
        [] => Err(Stop::error(Reason::PrerequisiteMissing, format!("no {what}"))),
        _ => Err(Stop::error(Reason::PrerequisiteMissing, format!("more than one {what}"))),
    }
}

/// State and pickings of an order that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) state: String,
    pub(crate) pickings: Vec<i64>,
}

impl Order {
    /// From the answer to a read of one id.
    pub(crate) fn of(records: &[Value]) -> Result<Self, Stop> {
        let [record] = records else {
            return Err(Stop::fail(Reason::AssertionFailed, "the order is gone"));
        };
        let state = record["state"].as_str().ok_or_else(|| unexpected("state"))?.to_owned();
        let pickings = record["picking_ids"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        Ok(Self { state, pickings })
    }
}

/// A confirmed order: `sale`, or `done` where series 16 and before lock at once.
pub(crate) fn confirmed(order: &Order) -> Result<(), Stop> {
    let is_confirmed = matches!(order.state.as_str(), "sale" | "done");
    ensure!(is_confirmed, Reason::AssertionFailed, "the order is {:?} after its confirmation", order.state);
    ensure!(!order.pickings.is_empty(), Reason::AssertionFailed, "the confirmed order has no delivery");
    Ok(())
}

/// Every delivery is assigned and its moves hold the quantity.
pub(crate) fn reserved(pickings: &[Value], moves: &[Value], field: &str, quantity: u32) -> Result<(), Stop> {
    for picking in pickings {
        let (name, state) = (picking["name"].as_str().unwrap_or("?"), picking["state"].as_str().unwrap_or("?"));
        ensure!(
            state == "assigned",
            Reason::AssertionFailed,
            "stock is not reserved: delivery {name} is {state:?}, expected \"assigned\""
        );
    }
    let held: f64 = moves.iter().filter_map(|one| one[field].as_f64()).sum();
    let wanted = f64::from(quantity);
    ensure!(held >= wanted, Reason::AssertionFailed, "stock is not reserved: {held} of {wanted}");
    Ok(())
}

/// A cancelled order whose deliveries let go of their stock.
pub(crate) fn cancelled(order: &Order, pickings: &[Value]) -> Result<(), Stop> {
    let state = &order.state;
    ensure!(state == "cancel", Reason::AssertionFailed, "the order is {state:?} after its cancellation");
    let held = pickings.iter().find(|picking| picking["state"] != "cancel");
    let name = held.and_then(|picking| picking["name"].as_str()).unwrap_or("?");
    ensure!(held.is_none(), Reason::AssertionFailed, "delivery {name} is not cancelled with its order");
    Ok(())
}

#[cfg(test)]
mod tests {
    use floorwalker_sdk::{Reason, Stop};
    use serde_json::json;

    use super::{Order, Series, cancelled, confirmed, only, reserved};

    #[test]
    fn a_series_is_read_from_its_name() {
        let of = |series: &str| Series::of(&json!({"server_serie": series}));
        assert_eq!(of("11.0"), Ok(Series(11)));
        assert_eq!(of("saas~17.4"), Ok(Series(17)));
        assert!(matches!(of("15.0"), Err(Stop::Error(error)) if error.reason == Reason::PrerequisiteMissing));
    }

    #[test]
    fn series_differ_in_field_and_wizard() {
        assert_eq!(Series(11).reserved_field(), "reserved_availability");
        assert_eq!(Series(16).reserved_field(), "reserved_availability");
        assert_eq!(Series(17).reserved_field(), "quantity");
        assert_eq!(Series(11).cancel_options(), json!({}));
        assert_eq!(Series(18).cancel_options()["context"]["disable_cancel_warning"], true);
        assert_eq!(Series(19).cancel_options(), json!({}));
    }

    #[test]
    fn a_fixture_is_one() {
        assert_eq!(only(&[3], "partner"), Ok(3));
        assert_eq!(only(&[], "partner").expect_err("none").message(), "no partner");
        assert_eq!(only(&[3, 4], "partner").expect_err("two").message(), "more than one partner");
    }

    #[test]
    fn an_order_is_judged_by_what_was_read_back() {
        let order = |state: &str, pickings: &[i64]| {
            Order::of(&[json!({"id": 1, "state": state, "picking_ids": pickings})]).expect("a record")
        };
        confirmed(&order("sale", &[9])).expect("confirmed");
        confirmed(&order("sale", &[])).expect_err("nothing to deliver");
        confirmed(&order("draft", &[9])).expect_err("still a draft");
        cancelled(&order("cancel", &[9]), &[json!({"name": "OUT/1", "state": "cancel"})]).expect("cancelled");
        cancelled(&order("sale", &[9]), &[]).expect_err("the wizard left it as it was");
        cancelled(&order("cancel", &[9]), &[json!({"name": "OUT/1", "state": "assigned"})]).expect_err("still held");
        Order::of(&[]).expect_err("gone");
    }

    #[test]
    fn stock_is_reserved_when_assigned_and_held() {
        let picking = |state: &str| [json!({"name": "WH/OUT/1", "state": state})];
        let moves = [json!({"quantity": 2.0}), json!({"quantity": 1.0})];
        reserved(&picking("assigned"), &moves, "quantity", 3).expect("reserved");
        reserved(&picking("assigned"), &moves, "quantity", 4).expect_err("too few");
        let stop = reserved(&picking("confirmed"), &moves, "quantity", 3).expect_err("waiting");
        assert!(stop.message().starts_with("stock is not reserved: delivery WH/OUT/1 is \"confirmed\""));
    }
}
