//! `odoo-order` on the stand-in of every series and on a genuine Odoo 11: the whole journey, every fault, and what a
//! killed run leaves. The stories stand here, once; each shop makes its faults in its own way.

mod genuine;
mod stand_in;

use std::time::Duration;

use harness::until::until;
use host::outcome::{End, VerdictStatus};
use shop::{Fault, Plan};

use crate::sandbox::{Ask, Sandbox, failed_steps, reason, verdict};

/// How long clean-up may be kept from its work by a call that is still under way. Odoo tries one that collided with
/// another up to five times, with pauses of up to 2, 4, 8 and 16 s.
const COLLISIONS_MAX: Duration = Duration::from_secs(60);

/// A shop the journey is run on.
trait Shop {
    /// Whether a confirmation whose answer nobody waits for any more may still be at work when clean-up comes.
    const COLLIDES: bool;

    /// What a run here is asked.
    fn ask(&self) -> Ask;

    /// Makes a fault in the place of the one that stands; `Fault::None` makes the shop well.
    async fn fault(&mut self, plan: Plan);

    /// States of the journey's orders, oldest first.
    async fn orders(&self) -> Vec<String>;

    /// Whether a slow confirmation is under way.
    async fn confirming(&self) -> bool;
}

/// A fault, and what the journey has to say of it.
struct Case {
    plan: Plan,
    reason: &'static str,
    step: &'static str,
}

fn plan(fault: Fault) -> Plan {
    Plan { fault, ..Plan::default() }
}

fn at(fault: Fault, step: &str) -> Plan {
    Plan { on: Some(step.to_owned()), ..plan(fault) }
}

/// A confirmation that takes longer than any call may.
fn slow() -> Plan {
    Plan { delay_ms: Some(60_000), ..plan(Fault::ConfirmSlow) }
}

/// The faults that every shop can have.
fn cases() -> Vec<Case> {
    let case = |plan, reason, step| Case { plan, reason, step };
    vec![
        case(at(Fault::Ingress502, "common.authenticate"), "http-status", "authenticate"),
        case(at(Fault::Ingress502, "sale.order.create"), "http-status", "create"),
        case(at(Fault::LoginPage, "sale.order.action_confirm"), "auth-failed", "confirm"),
        case(slow(), "latency-exceeded", "confirm"),
        case(at(Fault::SessionExpired, "sale.order.action_confirm"), "auth-failed", "confirm"),
        case(at(Fault::Maintenance, "sale.order.action_confirm"), "http-status", "confirm"),
        case(at(Fault::Truncated, "stock.picking.action_assign"), "protocol-error", "reserve"),
        case(plan(Fault::StockMissing), "assertion-failed", "reserve"),
        case(plan(Fault::ConfirmRefused), "assertion-failed", "confirm"),
    ]
}

async fn journey_passes(sandbox: &Sandbox, shop: &impl Shop) {
    let outcome = sandbox.run(&shop.ask()).await;
    assert_eq!(verdict(&outcome).status, VerdictStatus::Pass, "{}", verdict(&outcome).summary);
    assert_eq!(shop.orders().await, ["cancel"]);
    assert_eq!(sandbox.memory.left(), []);
    let steps: Vec<&str> = outcome.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["version", "authenticate", "fixtures", "create", "confirm", "reserve", "cancel", "read-back"]);
    assert_eq!(failed_steps(&outcome), [""; 0]);
}

async fn each_fault_is_told(sandbox: &Sandbox, shop: &mut impl Shop, cases: &[Case]) {
    for Case { plan: fault, reason: expected, step } in cases {
        shop.fault(fault.clone()).await;
        let outcome = sandbox.run(&shop.ask()).await;
        let told = verdict(&outcome);
        assert_eq!((told.status, reason(&outcome)), (VerdictStatus::Fail, *expected), "{fault:?}: {}", told.summary);
        assert_eq!(failed_steps(&outcome).first(), Some(step), "{fault:?}: {:?}", failed_steps(&outcome));
        assert!(told.summary.starts_with(step), "{fault:?}: {}", told.summary);
        shop.fault(plan(Fault::None)).await;
        clean_up(sandbox, shop).await;
    }
}

/// What could not be undone in the run is undone after it, at the second look where nothing was found. Clean-up that
/// fails forgets nothing, and comes again as it does at an agent.
async fn clean_up<S: Shop>(sandbox: &Sandbox, shop: &S) {
    let undone = until(COLLISIONS_MAX, "everything to be undone", async || {
        let left = sandbox.memory.left().len();
        if left == 0 {
            return Ok(Some(()));
        }
        match sandbox.clean_up(&shop.ask()).await.end {
            End::CleanedUp => {}
            End::CheckError { .. } if S::COLLIDES => assert_eq!(sandbox.memory.left().len(), left),
            other => panic!("clean-up ended otherwise: {other:?}"),
        }
        Ok(None)
    });
    undone.await.expect("undone");
    let orders = shop.orders().await;
    assert!(orders.iter().all(|state| state == "cancel"), "{orders:?}");
}

async fn what_a_killed_run_left_is_undone(sandbox: &Sandbox, shop: &mut impl Shop) {
    shop.fault(slow()).await;
    let ask = Ask { wall_ms: Some(60_000), ..shop.ask() };
    let confirming =
        until(Duration::from_secs(30), "a confirmation under way", async || Ok(shop.confirming().await.then_some(())));
    tokio::select! {
        outcome = sandbox.run(&ask) => panic!("the run ended: {:?}", outcome.end),
        // The run is dropped in the middle of its confirmation, as it is when an agent is killed.
        seen = confirming => seen.expect("confirming"),
    }
    assert_eq!(sandbox.memory.left().len(), 1);
    shop.fault(plan(Fault::None)).await;
    clean_up(sandbox, shop).await;
    assert_eq!(shop.orders().await, ["cancel"]);
}

async fn a_wrong_password_makes_nothing(sandbox: &Sandbox, shop: &impl Shop) {
    let ask = Ask { secrets: vec![("odoo-api-key", "wrong".to_owned())], ..shop.ask() };
    let outcome = sandbox.run(&ask).await;
    assert_eq!((reason(&outcome), failed_steps(&outcome)), ("auth-failed", vec!["authenticate"]));
    assert_eq!(shop.orders().await, [""; 0]);
    assert!(!verdict(&outcome).summary.contains("wrong"), "{}", verdict(&outcome).summary);
}
