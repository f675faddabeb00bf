//! The whole journey on the native harness, against a small Odoo of every series and with every fault.

mod fake;

use floorwalker_sdk::harness::{Harness, Played};
use floorwalker_sdk::host::ledger::Entry;
use floorwalker_sdk::{Reason, Status};
use serde_json::{Value, json};

use crate::OdooOrder;
use fake::{Fault, Odoo, PASSWORD, Shared};

fn config() -> Value {
    json!({
        "baseUrl": "https://shop.example", "database": "acme", "login": "synthetic", "quantity": 2,
        "partner": {"ref": "synthetic-probe"}, "product": {"code": "SYN-PROBE"},
    })
}

fn harness(odoo: &Shared) -> Harness {
    let odoo = odoo.clone();
    Harness::new().secret("odoo-api-key", PASSWORD).http(move |sent| odoo.borrow_mut().answer(sent))
}

fn play(fault: Fault) -> (Played, Shared, Harness) {
    let odoo = Odoo::shared(18, fault);
    let mut harness = harness(&odoo);
    (harness.run::<OdooOrder>(config()), odoo, harness)
}

/// Status, reason and the step that failed.
fn said(played: &Played) -> (Status, Option<Reason>, Option<&str>) {
    (played.verdict().status, played.verdict().reason, played.failed_step())
}

#[test]
fn every_series_passes_and_leaves_a_cancelled_order() {
    for series in [11, 16, 17, 18, 19] {
        let odoo = Odoo::shared(series, Fault::None);
        let mut harness = harness(&odoo);
        let played = harness.run::<OdooOrder>(config());
        assert_eq!(played.verdict().status, Status::Pass, "{series}: {}", played.verdict().summary);
        let steps: Vec<(&str, &str)> = played.steps.iter().map(|s| (s.name.as_str(), s.status.as_str())).collect();
        let names = ["version", "authenticate", "fixtures", "create", "confirm", "reserve", "cancel", "read-back"];
        assert_eq!(steps, names.map(|name| (name, "pass")));
        assert_eq!(odoo.borrow().orders.len(), 1);
        assert_eq!(odoo.borrow().orders[0].1, "cancel");
        assert_eq!(harness.ledger_calls(), ["intent sale.order", "created sale.order", "cleaned sale.order"]);
        assert!(harness.left().is_empty());
    }
}

#[test]
fn fixtures_may_be_named_by_id() {
    let odoo = Odoo::shared(17, Fault::None);
    let mut fields = config();
    fields["partner"] = json!({"id": 43});
    fields["product"] = json!({"id": 55});
    assert_eq!(harness(&odoo).run::<OdooOrder>(fields).verdict().status, Status::Pass);
    assert!(
        !odoo.borrow().calls.iter().any(|call| call.ends_with("partner.search") || call.ends_with("product.search"))
    );
}

#[test]
fn a_wrong_password_is_an_answer_not_an_error() {
    let odoo = Odoo::shared(18, Fault::None);
    let played = harness(&odoo).secret("odoo-api-key", "wrong").run::<OdooOrder>(config());
    assert_eq!(said(&played), (Status::Fail, Some(Reason::AuthFailed), Some("authenticate")));
    assert!(odoo.borrow().calls.is_empty());
}

#[test]
fn a_missing_secret_is_the_probers() {
    let odoo = Odoo::shared(18, Fault::None);
    let script = odoo.clone();
    let mut harness = Harness::new().http(move |sent| script.borrow_mut().answer(sent));
    let message = harness.run::<OdooOrder>(config()).error().message.clone();
    assert!(message.starts_with("authenticate: the check has no secret `odoo-api-key`"), "{message}");
}

#[test]
fn a_refused_confirmation_fails_in_its_step_and_the_order_is_cancelled_all_the_same() {
    let (played, odoo, harness) = play(Fault::ConfirmRefused);
    assert_eq!(said(&played), (Status::Fail, Some(Reason::AssertionFailed), Some("confirm")));
    assert_eq!(played.verdict().summary, "confirm: Odoo refuses it: No tax mapping.");
    let statuses: Vec<&str> = played.steps.iter().map(|step| step.status.as_str()).collect();
    assert_eq!(statuses, ["pass", "pass", "pass", "pass", "fail", "skipped", "pass", "pass"]);
    assert_eq!(odoo.borrow().orders[0].1, "cancel");
    assert!(harness.left().is_empty());
}

#[test]
fn missing_stock_fails_the_reservation() {
    let (played, odoo, _) = play(Fault::StockMissing);
    assert_eq!(said(&played), (Status::Fail, Some(Reason::AssertionFailed), Some("reserve")));
    assert!(played.verdict().summary.contains("delivery WH/OUT/00014 is \"confirmed\""));
    assert_eq!(odoo.borrow().orders[0].1, "cancel");
}

#[test]
fn a_confirmation_without_an_answer_is_a_slow_target() {
    let (played, _, harness) = play(Fault::ConfirmHangs);
    assert_eq!(said(&played), (Status::Fail, Some(Reason::LatencyExceeded), Some("confirm")));
    assert!(played.sent.iter().all(|sent| sent.options == r#"{"timeout_ms":2500}"#), "a quarter of the run");
    assert!(harness.left().is_empty());
}

#[test]
fn a_cancellation_that_changed_nothing_is_seen_and_left_in_the_ledger() {
    let (played, odoo, mut harness) = play(Fault::CancelIgnored);
    assert_eq!(said(&played), (Status::Fail, Some(Reason::AssertionFailed), Some("read-back")));
    assert_eq!(harness.left().len(), 1);
    odoo.borrow_mut().fault = Fault::None;
    harness.clean_up::<OdooOrder>(config()).expect("the wizard is gone");
    assert_eq!(odoo.borrow().orders[0].1, "cancel");
    assert!(harness.left().is_empty());
}

#[test]
fn pages_and_errors_instead_of_answers_fail_with_their_reason() {
    let login = r#"<html><head><title>Login</title></head><form action="/web/login"></form></html>"#;
    let cases = [
        (Fault::Page(502, "<html><title>502 Bad Gateway</title></html>"), Reason::HttpStatus),
        (Fault::Page(503, "<html><title>Maintenance</title></html>"), Reason::HttpStatus),
        (Fault::Page(200, login), Reason::AuthFailed),
        (Fault::Page(200, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"res"), Reason::ProtocolError),
        (Fault::Raises("odoo.http.SessionExpiredException"), Reason::AuthFailed),
        (Fault::Raises("psycopg2.OperationalError"), Reason::Other),
    ];
    for (fault, reason) in cases {
        let (played, _, _) = play(fault);
        assert_eq!(said(&played), (Status::Fail, Some(reason), Some("fixtures")), "{fault:?}");
        assert!(!played.verdict().summary.contains("traceback"));
    }
}

#[test]
fn an_order_whose_answer_was_lost_is_found_by_its_reference() {
    let (played, odoo, mut harness) = play(Fault::CreateLost);
    assert_eq!(said(&played), (Status::Fail, Some(Reason::ProtocolError), Some("create")));
    assert_eq!(harness.left()[0].id, None);
    harness.clean_up::<OdooOrder>(config()).expect("cleaned up");
    assert_eq!(odoo.borrow().orders[0].1, "cancel");
    assert!(harness.left().is_empty());
}

#[test]
fn the_same_run_asked_again_takes_its_own_order() {
    let (_, odoo, mut harness) = play(Fault::CreateLost);
    odoo.borrow_mut().fault = Fault::None;
    assert_eq!(harness.run::<OdooOrder>(config()).verdict().status, Status::Pass);
    assert_eq!(odoo.borrow().orders.len(), 1);
    assert!(harness.left().is_empty());
}

#[test]
fn an_order_that_is_not_there_is_looked_for_twice() {
    let odoo = Odoo::shared(19, Fault::None);
    let mut harness = harness(&odoo).leave(Entry::new("sale.order", "floorwalker-cut-off"));
    harness.clean_up::<OdooOrder>(config()).expect("nothing to undo");
    assert_eq!(harness.left().len(), 1);
    assert_eq!(harness.state("absent"), Some(b"floorwalker-cut-off".as_slice()));
    harness.clean_up::<OdooOrder>(config()).expect("nothing to undo");
    assert!(harness.left().is_empty());
    assert_eq!(harness.state("absent"), None);
}

#[test]
fn an_unknown_series_is_the_probers_trouble() {
    let odoo = Odoo::shared(15, Fault::None);
    let played = harness(&odoo).run::<OdooOrder>(config());
    assert_eq!(played.error().reason, Reason::PrerequisiteMissing);
}

#[test]
fn the_example_manifest_has_a_valid_config() {
    let documents: Vec<Value> = serde_saphyr::from_multiple(include_str!("../manifest.yaml")).expect("YAML documents");
    let check = documents.iter().find(|document| document["kind"] == "Check").expect("a Check");
    serde_json::from_value::<OdooOrder>(check["spec"]["config"].clone()).expect("a valid config");
}
