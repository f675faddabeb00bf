//! Fault plans: what a database does wrong until it is told otherwise. Set over the control routes, asked by
//! `server` for each request. Decides only; `http` acts.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing: the shop is well.
    #[default]
    None,
    /// Confirming an order is a UserError: the broken customisation of a bad release.
    ConfirmRefused,
    /// The work is done, the answer comes late.
    ConfirmSlow,
    /// Cancelling an order answers as if it had worked and changes nothing.
    CancelIgnored,
    /// The ingress answers 502 with its own page.
    #[serde(rename = "ingress-502")]
    Ingress502,
    /// An HTML login page with status 200.
    LoginPage,
    /// The JSON-RPC error with code 100.
    SessionExpired,
    /// 503 with a maintenance page.
    Maintenance,
    /// The work is done, the answer is cut short of its announced length.
    Truncated,
    /// Nothing can be reserved.
    StockMissing,
    /// All connections to the database are taken.
    PoolFull,
}

/// A plan of one database, the body of the control route. Absent keys take the defaults of the kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What goes wrong.
    pub fault: Kind,
    /// The only step it goes wrong in, such as `sale.order.action_confirm` or `common.authenticate`; absent: the
    /// step the fault is named after, else every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// How often it still goes wrong; absent: until the plan changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How late a late answer is. 1,500 ms when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// The words of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Plan {
    /// What goes wrong in a step; counts it.
    pub fn strike(&mut self, step: &str) -> Kind {
        let on = self.on.as_deref().or(match self.fault {
            Kind::ConfirmRefused | Kind::ConfirmSlow => Some("sale.order.action_confirm"),
            Kind::CancelIgnored => Some("sale.order.action_cancel"),
            _ => None,
        });
        // Logging in makes a new session, so it never meets an expired one.
        let logging_in = step.starts_with("common.") || step == "web.session.authenticate";
        if on.is_some_and(|on| on != step) || (self.fault == Kind::SessionExpired && logging_in) {
            return Kind::None;
        }
        match &mut self.times {
            Some(0) => Kind::None,
            Some(times) => {
                *times -= 1;
                self.fault
            }
            None => self.fault,
        }
    }

    /// Whether reservations fail.
    pub(crate) fn stock_missing(&self) -> bool {
        self.fault == Kind::StockMissing
    }

    /// The delay of a late answer in milliseconds.
    #[must_use]
    pub fn delay(&self) -> u64 {
        self.delay_ms.unwrap_or(1_500)
    }

    /// The words of a refused confirmation.
    #[must_use]
    pub fn words(&self) -> &str {
        self.message.as_deref().unwrap_or("The fiscal position of this order has no tax mapping for its warehouse.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_strikes_its_own_step_as_often_as_it_says() {
        let mut plan = Plan { fault: Kind::ConfirmRefused, times: Some(1), ..Plan::default() };
        assert_eq!(plan.strike("sale.order.create"), Kind::None);
        assert_eq!(plan.strike("sale.order.action_confirm"), Kind::ConfirmRefused);
        assert_eq!(plan.strike("sale.order.action_confirm"), Kind::None);
    }

    #[test]
    fn a_plan_without_a_step_strikes_everywhere() {
        let mut plan: Plan = serde_json::from_str(r#"{"fault": "ingress-502"}"#).expect("a plan");
        assert_eq!(plan.strike("common.version"), Kind::Ingress502);
        assert!(serde_json::from_str::<Plan>(r#"{"fault": "gremlins"}"#).is_err());
    }
}
