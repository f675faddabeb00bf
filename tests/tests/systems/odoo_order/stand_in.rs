//! The journey on the stand-in of the series 16 to 19, in one process with the test.

use std::net::SocketAddr;

use harness::http::Client;
use host::outcome::End;
use serde_json::{json, to_value};
use shop::{Fault, Plan, Series};

use super::{
    Case, Shop, a_wrong_password_makes_nothing, cases, clean_up, each_fault_is_told, journey_passes, plan, slow,
    what_a_killed_run_left_is_undone,
};
use crate::sandbox::{Ask, Sandbox, failed_steps};

/// A shop and the way to ask it.
struct StandIn {
    running: shop::Running,
    client: Client,
}

impl StandIn {
    async fn open(series: Series) -> Self {
        let config =
            shop::Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), series, databases: vec!["acme".into()] };
        let running = shop::start(config).await.expect("a shop");
        let client = Client::plain(&running.url).expect("a client");
        Self { running, client }
    }
}

impl Shop for StandIn {
    const COLLIDES: bool = false;

    fn ask(&self) -> Ask {
        let config = json!({
            "baseUrl": self.running.url, "database": "acme", "login": "synthetic",
            "partner": {"ref": "synthetic-probe"}, "product": {"code": "SYN-PROBE"}, "quantity": 2,
        });
        Ask {
            config,
            secrets: vec![("odoo-api-key", shop::password("acme"))],
            origins: vec![self.running.url.clone()],
            ..Ask::default()
        }
    }

    async fn fault(&mut self, plan: Plan) {
        let plan = to_value(plan).expect("JSON");
        let answer = self.client.put("/__stand-in/faults/acme", &plan).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    async fn orders(&self) -> Vec<String> {
        let orders = self.client.get("/__stand-in/orders/acme").await.expect("an answer").json().expect("JSON");
        let orders = orders.as_array().expect("a list");
        orders.iter().map(|order| order["state"].as_str().expect("a state").to_owned()).collect()
    }

    /// Here the order is confirmed at once, and only the answer comes late.
    async fn confirming(&self) -> bool {
        self.orders().await == ["sale"]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_passes_on_every_series_and_leaves_no_open_order() {
    for series in Series::ALL {
        let sandbox = Sandbox::load("odoo-order", "").await;
        journey_passes(&sandbox, &StandIn::open(series).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_gives_its_reason_and_step_on_every_series() {
    let of_its_own = [
        Case { plan: plan(Fault::CancelIgnored), reason: "assertion-failed", step: "read-back" },
        Case { plan: super::at(Fault::PoolFull, "stock.picking.action_assign"), reason: "other", step: "reserve" },
    ];
    for series in Series::ALL {
        let sandbox = Sandbox::load("odoo-order", "").await;
        let mut shop = StandIn::open(series).await;
        each_fault_is_told(&sandbox, &mut shop, &cases()).await;
        each_fault_is_told(&sandbox, &mut shop, &of_its_own).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_is_cleaned_up() {
    for series in Series::ALL {
        let sandbox = Sandbox::load("odoo-order", "").await;
        what_a_killed_run_left_is_undone(&sandbox, &mut StandIn::open(series).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_time_is_over_names_the_step_and_leaves_nothing_open() {
    let sandbox = Sandbox::load("odoo-order", "").await;
    let mut shop = StandIn::open(Series::V18).await;
    shop.fault(slow()).await;
    let outcome = sandbox.run(&Ask { wall_ms: Some(2_000), ..shop.ask() }).await;
    assert_eq!(failed_steps(&outcome).first(), Some(&"confirm"), "{:?}", outcome.end);
    assert!(matches!(outcome.end, End::Verdict(_) | End::Deadline { .. }), "{:?}", outcome.end);
    shop.fault(plan(Fault::None)).await;
    clean_up(&sandbox, &shop).await;
    assert_eq!(shop.orders().await, ["cancel"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_and_nothing_is_made() {
    let sandbox = Sandbox::load("odoo-order", "").await;
    a_wrong_password_makes_nothing(&sandbox, &StandIn::open(Series::V18).await).await;
}
