//! A small Odoo in memory, answering as the recorded traces of real servers do: enough for the journey, with the
//! differences of its series and one fault. Used by the tests of the whole plugin.

use std::cell::RefCell;
use std::rc::Rc;

use floorwalker_sdk::host::HostError;
use floorwalker_sdk::host::http::{Response, Sent};
use serde_json::{Value, json};

/// What goes wrong, and for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Confirming is a UserError.
    ConfirmRefused,
    /// Nothing can be reserved.
    StockMissing,
    /// Cancelling answers with the wizard, whatever the context says.
    CancelIgnored,
    /// The server never answers a confirmation.
    ConfirmHangs,
    /// The server makes the order and its answer is lost.
    CreateLost,
    /// Every call after login gets this status and page.
    Page(u16, &'static str),
    /// Every call after login raises this.
    Raises(&'static str),
}

/// The server.
pub(super) struct Odoo {
    pub(super) series: u32,
    pub(super) fault: Fault,
    /// Reference and state.
    pub(super) orders: Vec<(String, &'static str)>,
    /// Methods called, such as `sale.order.create`.
    pub(super) calls: Vec<String>,
}

pub(super) type Shared = Rc<RefCell<Odoo>>;

pub(super) const PASSWORD: &str = "pa\"ss";

impl Odoo {
    pub(super) fn shared(series: u32, fault: Fault) -> Shared {
        Rc::new(RefCell::new(Self { series, fault, orders: Vec::new(), calls: Vec::new() }))
    }

    pub(super) fn answer(&mut self, sent: &Sent) -> Result<Response, HostError> {
        assert_eq!(sent.url, "https://shop.example/jsonrpc");
        assert_eq!(sent.header("content-type"), Some("application/json"));
        let request = sent.json();
        let params = &request["params"];
        let args = params["args"].as_array().expect("arguments").clone();
        match (params["service"].as_str(), params["method"].as_str()) {
            (Some("common"), Some("version")) => Ok(done(&json!({"server_serie": format!("{}.0", self.series)}))),
            (Some("common"), Some("authenticate")) => {
                assert_eq!(args[0], "acme");
                Ok(done(&if args[2] == PASSWORD { json!(2) } else { json!(false) }))
            }
            (Some("object"), Some("execute_kw")) => {
                assert_eq!(args[..3], [json!("acme"), json!(2), json!(PASSWORD)]);
                self.execute(&args)
            }
            other => panic!("unknown service {other:?}"),
        }
    }

    fn execute(&mut self, args: &[Value]) -> Result<Response, HostError> {
        let name = format!("{}.{}", args[3].as_str().expect("a model"), args[4].as_str().expect("a method"));
        self.calls.push(name.clone());
        match self.fault {
            Fault::Page(status, page) => {
                return Ok(Response { body: page.as_bytes().to_vec(), ..Response::new(status) });
            }
            Fault::Raises(raised) => return Ok(self.raise(raised)),
            _ => {}
        }
        let (positional, named) = (&args[5], &args[6]);
        match name.as_str() {
            "res.partner.search" => Ok(done(&json!([43]))),
            "product.product.search" => Ok(done(&json!([55]))),
            "sale.order.search" => Ok(done(&self.found(&positional[0][0][2]))),
            "sale.order.create" => self.create(&positional[0]),
            "sale.order.action_confirm" => self.confirm(record(positional)),
            "sale.order.action_cancel" => Ok(self.cancel(record(positional), named)),
            "sale.order.read" => {
                let state = self.orders[record(positional)].1;
                let pickings = if state == "draft" { json!([]) } else { json!([29]) };
                Ok(done(&json!([{"id": 1, "state": state, "picking_ids": pickings}])))
            }
            "stock.picking.action_assign" => Ok(done(&json!(true))),
            "stock.picking.read" => Ok(done(&json!([{"id": 29, "name": "WH/OUT/00014", "state": self.picking()}]))),
            "stock.move.search_read" => Ok(done(&json!([self.stock_move(named)]))),
            other => panic!("the journey has no call {other}"),
        }
    }

    fn found(&self, reference: &Value) -> Value {
        let has = |(_, (known, _)): &(usize, &(String, &str))| *reference == known.as_str();
        self.orders.iter().enumerate().filter(has).map(|(index, _)| index).collect()
    }

    fn create(&mut self, values: &Value) -> Result<Response, HostError> {
        assert_eq!(values["partner_id"], 43);
        assert_eq!(values["order_line"], json!([[0, 0, {"product_id": 55, "product_uom_qty": 2}]]));
        let reference = values["client_order_ref"].as_str().expect("a marked order").to_owned();
        self.orders.push((reference, "draft"));
        if self.fault == Fault::CreateLost {
            return Err(HostError::new(floorwalker_sdk::Reason::ProtocolError, "the connection ended"));
        }
        Ok(done(&json!(self.orders.len() - 1)))
    }

    fn confirm(&mut self, order: usize) -> Result<Response, HostError> {
        match self.fault {
            Fault::ConfirmRefused => return Ok(self.raise("odoo.exceptions.UserError")),
            Fault::ConfirmHangs => {
                return Err(HostError::new(floorwalker_sdk::Reason::DeadlineExceeded, "no answer in 5000 ms"));
            }
            _ => {}
        }
        self.orders[order].1 = "sale";
        Ok(done(&json!(true)))
    }

    fn cancel(&mut self, order: usize, named: &Value) -> Response {
        let warned = (16..=18).contains(&self.series) && named["context"]["disable_cancel_warning"] != true;
        if self.fault == Fault::CancelIgnored || (warned && self.orders[order].1 != "draft") {
            return done(&json!({"type": "ir.actions.act_window", "res_model": "sale.order.cancel"}));
        }
        self.orders[order].1 = "cancel";
        done(&json!(true))
    }

    fn picking(&self) -> &'static str {
        match self.orders.last() {
            Some((_, "cancel")) => "cancel",
            _ if self.fault == Fault::StockMissing => "confirmed",
            _ => "assigned",
        }
    }

    fn stock_move(&self, named: &Value) -> Value {
        let field = if self.series >= 17 { "quantity" } else { "reserved_availability" };
        assert!(named["fields"].as_array().expect("fields").contains(&json!(field)), "series {}", self.series);
        json!({"id": 52, "state": self.picking(), "product_uom_qty": 2.0, field: 2.0})
    }

    fn raise(&self, name: &str) -> Response {
        let code = if self.series == 19 { 0 } else { 200 };
        let data = json!({"name": name, "message": "No tax mapping.", "debug": "traceback", "arguments": []});
        let error = json!({"code": code, "message": "Odoo Server Error", "data": data});
        body(&json!({"jsonrpc": "2.0", "id": 1, "error": error}))
    }
}

fn record(positional: &Value) -> usize {
    usize::try_from(positional[0][0].as_u64().expect("an id")).expect("a small id")
}

fn done(result: &Value) -> Response {
    body(&json!({"jsonrpc": "2.0", "id": 1, "result": result}))
}

fn body(envelope: &Value) -> Response {
    Response { body: envelope.to_string().into_bytes(), ..Response::new(200) }
}
