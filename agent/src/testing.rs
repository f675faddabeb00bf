//! Values that tests of several stages need.

use std::collections::BTreeMap;

use api::frame::{
    Alert, Assignment, Body, Failure, Layer, LedgerNote, LedgerState, PluginState, PluginStatus, Problem,
};
use api::frame::{RollUp, Transition};
use api::grant::Effective;
use api::id::{CheckId, Digest, RunId};
use api::limits::RunLimits;
use api::result::{CheckResult, Reason, Status};
use host::End;
use host::outcome::{Outcome, Usage};

use crate::judge::outcome::Run;
use crate::spool::Draft;

/// A check of the tenant `acme`.
pub(crate) fn assignment(name: &str) -> Assignment {
    let namespace = "acme-prod".parse().expect("a label");
    let name = name.parse().expect("a label");
    Assignment {
        check_id: CheckId::of(Some(&namespace), &name),
        tenant: Some("acme".parse().expect("a label")),
        namespace: Some(namespace),
        name,
        environment: None,
        service: None,
        labels: BTreeMap::new(),
        plugin: Digest::of(b"component"),
        config: serde_json::json!({}),
        secrets: vec![],
        grants: Effective::default(),
        limits: RunLimits::DEFAULT,
        interval_ms: 60_000,
        timeout_ms: 10_000,
        mutating: false,
        alert: Alert::default(),
        layer: Layer::Application,
        target: "https://shop.acme.example".to_owned(),
        version: "v1".to_owned(),
    }
}

/// 2027-01-15T08:00:00Z.
pub(crate) fn run() -> Run {
    let scheduled_at_ms = 1_800_000_000_000;
    Run { id: RunId::of(assignment("checkout").check_id, scheduled_at_ms), scheduled_at_ms }
}

/// A result without details.
pub(crate) fn result(status: Status, reason: Option<Reason>) -> CheckResult {
    CheckResult { status, reason, duration_ms: 12.0, ..crate::judge::outcome::broken(run(), "said") }
}

/// An outcome with this end and nothing else.
pub(crate) fn outcome(end: End) -> Outcome {
    Outcome {
        end,
        steps: vec![],
        requests: vec![],
        logs: vec![],
        lines_dropped: 0,
        stdio_tail: String::new(),
        denials: vec![],
        usage: Usage::default(),
    }
}

/// One draft of each kind, in turn; of six, one is a roll-up.
pub(crate) fn drafts(count: u64) -> Vec<Draft> {
    let check = assignment("checkout");
    let body = |turn: u64| match turn % 6 {
        0 => Body::Transition(Box::new(Transition { from: None, result: result(Status::Pass, None) })),
        1 => Body::Failure(Box::new(Failure { result: result(Status::Fail, Some(Reason::HttpStatus)) })),
        2 => Body::RollUp(RollUp {
            from_age_ms: 15_000,
            to_age_ms: 0,
            runs: 3,
            by_status: BTreeMap::from([(Status::Pass, 2), (Status::Fail, 1)]),
            by_reason: BTreeMap::from([(Reason::HttpStatus, 1)]),
            sketch: BTreeMap::from([(-3, 2), (40, 1)]),
            last_status: Status::Pass,
            last_reason: None,
            last_age_ms: 4_000,
            evidence: vec![],
            version: "v1".to_owned(),
        }),
        3 => Body::Problem(Problem { open: true, reason: Some(Reason::Trap), summary: "said".to_owned() }),
        4 => Body::PluginStatus(PluginStatus { digest: Digest::of(b"x"), state: PluginState::Ready, message: None }),
        _ => {
            let (kind, key) = ("sale.order".to_owned(), "run-1".to_owned());
            Body::Ledger(LedgerNote { kind, key, id: Some("7".to_owned()), state: LedgerState::Left })
        }
    };
    (0..count).map(|turn| Draft { lease: Some(turn), ..Draft::of_check(&check, 1_000_000, body(turn)) }).collect()
}
