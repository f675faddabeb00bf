//! `odoo-order` against the shop of every series: the whole journey, every fault, and what a killed run leaves.

use std::{net::SocketAddr, time::Duration};

use harness::{http::Client, until::until};
use host::outcome::End;
use serde_json::{Value, json};
use shop::Series;

use crate::sandbox::{Ask, Sandbox, failed_steps, reason, verdict};

/// A shop and the way to ask it.
struct Shop {
    running: shop::Running,
    client: Client,
}

impl Shop {
    async fn open(series: Series) -> Self {
        let config =
            shop::Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), series, databases: vec!["acme".into()] };
        let running = shop::start(config).await.expect("a shop");
        let client = Client::plain(&running.url).expect("a client");
        Self { running, client }
    }

    async fn fault(&self, plan: &Value) {
        let answer = self.client.put("/__stand-in/faults/acme", plan).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// States of all orders, oldest first.
    async fn orders(&self) -> Vec<String> {
        let orders = self.client.get("/__stand-in/orders/acme").await.expect("an answer").json().expect("JSON");
        orders
            .as_array()
            .expect("a list")
            .iter()
            .map(|order| order["state"].as_str().expect("a state").to_owned())
            .collect()
    }

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
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_passes_on_every_series_and_leaves_no_open_order() {
    let sandbox = Sandbox::load("odoo-order", "").await;
    for series in Series::ALL {
        let shop = Shop::open(series).await;
        let outcome = sandbox.run(&shop.ask()).await;
        assert_eq!(reason(&outcome), "", "{series}: {}", verdict(&outcome).summary);
        assert_eq!(shop.orders().await, ["cancel"], "{series}");
        assert_eq!(sandbox.memory.left(), [], "{series}");
        let steps: Vec<&str> = outcome.steps.iter().map(|step| step.name.as_str()).collect();
        for step in ["authenticate", "create", "confirm", "reserve", "cancel", "read-back"] {
            assert!(steps.contains(&step), "{series}: {steps:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_gives_its_reason_and_step_on_every_series() {
    let sandbox = Sandbox::load("odoo-order", "").await;
    let at = |fault: &str, step: &str| json!({"fault": fault, "on": step});
    let cases = [
        (json!({"fault": "confirm-refused"}), "assertion-failed", "confirm"),
        (json!({"fault": "stock-missing"}), "assertion-failed", "reserve"),
        (json!({"fault": "cancel-ignored"}), "assertion-failed", "read-back"),
        (at("ingress-502", "sale.order.create"), "http-status", "create"),
        (at("maintenance", "sale.order.action_confirm"), "http-status", "confirm"),
        (at("login-page", "sale.order.action_confirm"), "auth-failed", "confirm"),
        (at("session-expired", "sale.order.action_confirm"), "auth-failed", "confirm"),
        (at("pool-full", "stock.picking.action_assign"), "other", "reserve"),
        (at("truncated", "stock.picking.action_assign"), "protocol-error", "reserve"),
        (at("ingress-502", "common.authenticate"), "http-status", "authenticate"),
    ];
    for series in Series::ALL {
        let shop = Shop::open(series).await;
        for (plan, expected, step) in &cases {
            shop.fault(plan).await;
            let outcome = sandbox.run(&shop.ask()).await;
            assert_eq!(reason(&outcome), *expected, "{series} {plan}: {}", verdict(&outcome).summary);
            assert!(failed_steps(&outcome).contains(step), "{series} {plan}: {:?}", failed_steps(&outcome));
            shop.fault(&json!({"fault": "none"})).await;
            // What could not be undone in the run is undone after it, at the second look where nothing was found.
            for _ in 0..2 {
                if !sandbox.memory.left().is_empty() {
                    assert_eq!(sandbox.clean_up(&shop.ask()).await.end, End::CleanedUp, "{series} {plan}");
                }
            }
            assert_eq!(sandbox.memory.left(), [], "{series} {plan}");
            assert!(
                shop.orders().await.iter().all(|state| state == "cancel"),
                "{series} {plan}: {:?}",
                shop.orders().await
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_is_cleaned_up() {
    let sandbox = Sandbox::load("odoo-order", "").await;
    for series in Series::ALL {
        let shop = Shop::open(series).await;
        // The order is confirmed; the answer would come long after the run's time is over.
        shop.fault(&json!({"fault": "confirm-slow", "delay_ms": 60_000})).await;
        let confirmed = until(Duration::from_secs(30), "a confirmed order", async || {
            Ok((shop.orders().await == ["sale"]).then_some(()))
        });
        let ask = shop.ask();
        tokio::select! {
            outcome = sandbox.run(&ask) => panic!("{series}: the run ended: {:?}", outcome.end),
            // The run is dropped in the middle of its confirmation, as it is when an agent is killed.
            seen = confirmed => seen.expect("confirmed"),
        }
        assert_eq!(sandbox.memory.left().len(), 1, "{series}");
        shop.fault(&json!({"fault": "none"})).await;
        assert_eq!(sandbox.clean_up(&shop.ask()).await.end, End::CleanedUp, "{series}");
        assert_eq!(shop.orders().await, ["cancel"], "{series}");
        assert_eq!(sandbox.memory.left(), [], "{series}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_time_is_over_names_the_step_and_leaves_nothing_open() {
    let sandbox = Sandbox::load("odoo-order", "").await;
    let shop = Shop::open(Series::V18).await;
    shop.fault(&json!({"fault": "confirm-slow", "delay_ms": 60_000})).await;
    let outcome = sandbox.run(&Ask { wall_ms: Some(2_000), ..shop.ask() }).await;
    assert_eq!(failed_steps(&outcome).first(), Some(&"confirm"), "{:?}", outcome.end);
    shop.fault(&json!({"fault": "none"})).await;
    if !sandbox.memory.left().is_empty() {
        assert_eq!(sandbox.clean_up(&shop.ask()).await.end, End::CleanedUp);
    }
    assert_eq!(shop.orders().await, ["cancel"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_and_nothing_is_made() {
    let shop = Shop::open(Series::V18).await;
    let sandbox = Sandbox::load("odoo-order", "").await;
    let ask = Ask { secrets: vec![("odoo-api-key", "wrong".to_owned())], ..shop.ask() };
    let outcome = sandbox.run(&ask).await;
    assert_eq!((reason(&outcome), failed_steps(&outcome)), ("auth-failed", vec!["authenticate"]));
    assert!(shop.orders().await.is_empty());
    assert!(!verdict(&outcome).summary.contains("wrong"), "{}", verdict(&outcome).summary);
}
