//! Every end has its status and reason.

use std::time::Duration;

use host::outcome::{Denial, Granted, Usage, Verdict};

use super::*;
use crate::testing::{outcome, run};

fn verdict(status: VerdictStatus, reason: Option<&str>, details: &str) -> End {
    End::Verdict(Verdict {
        status,
        reason: reason.map(str::to_owned),
        summary: "said".to_owned(),
        details: details.to_owned(),
    })
}

fn judged(end: End) -> (Status, Option<Reason>) {
    let result = result(run(), &outcome(end));
    (result.status, result.reason)
}

#[test]
fn the_target_is_blamed_by_verdicts_only() {
    assert_eq!(judged(verdict(VerdictStatus::Pass, None, "")), (Status::Pass, None));
    let fail = verdict(VerdictStatus::Fail, Some("http-status"), "");
    assert_eq!(judged(fail), (Status::Fail, Some(Reason::HttpStatus)));
    let warn = verdict(VerdictStatus::Warn, Some("made-up"), "");
    assert_eq!(judged(warn), (Status::Warn, Some(Reason::Other)));
}

#[test]
fn other_ends_are_the_probers() {
    let ms = Duration::from_millis;
    let text = || "x".to_owned();
    let ends = [
        (End::CheckError { reason: "invalid-config".into(), message: text() }, Reason::InvalidConfig),
        (End::Panicked { message: text() }, Reason::Trap),
        (End::Trap { what: text() }, Reason::Trap),
        (End::Exited { code: 1 }, Reason::Trap),
        (End::CpuExceeded { used: ms(510), limit: ms(500) }, Reason::CpuExceeded),
        (End::MemoryExceeded { asked: 2, limit: 1 }, Reason::MemoryExceeded),
        (End::HostCallsExceeded { limit: 1 }, Reason::QuotaExceeded),
        (End::OutputExceeded { bytes: 2, limit: 1 }, Reason::QuotaExceeded),
        (End::InvalidVerdict { message: text() }, Reason::ProtocolError),
        (End::NotStarted { message: text() }, Reason::PluginUnavailable),
    ];
    for (end, reason) in ends {
        assert_eq!(judged(end.clone()), (Status::Error, Some(reason)), "{end:?}");
    }
    let withheld = End::Withheld { why: text() };
    assert_eq!(judged(withheld), (Status::Skipped, Some(Reason::PrerequisiteMissing)), "as when it had no lease");
    let deadline = End::Deadline { limit: ms(1_000), during: Some("http.fetch") };
    assert_eq!(judged(deadline), (Status::Timeout, Some(Reason::DeadlineExceeded)));
}

#[test]
fn a_refusal_outweighs_the_verdict_and_says_the_remedy() {
    let mut refused = outcome(verdict(VerdictStatus::Pass, None, ""));
    refused.denials.push(Denial {
        capability: Granted::Http,
        subject: "https://a:443".into(),
        remedy: "add this".into(),
    });
    let result = result(run(), &refused);
    assert_eq!((result.status, result.reason), (Status::Error, Some(Reason::CapabilityDenied)));
    assert!(result.summary.contains("add this"), "{}", result.summary);
}

#[test]
fn the_open_step_is_where_a_trapped_run_died() {
    let mut trapped = outcome(End::Trap { what: "unreachable".into() });
    let report = |name: &str, status| StepReport {
        name: name.to_owned(),
        depth: 0,
        status,
        message: None,
        duration: Duration::from_millis(3),
        phases: outcome::Phases { connect: Some(Duration::from_millis(2)), ..outcome::Phases::default() },
    };
    trapped.steps = vec![report("log in", Some(outcome::StepStatus::Pass)), report("confirm", None)];
    trapped.usage = Usage { wall: Duration::from_millis(7), ..Usage::default() };
    let result = result(run(), &trapped);
    assert_eq!(result.failed_step().map(|step| step.name.as_str()), Some("confirm"));
    assert_eq!(result.steps[0].phases, Phases { connect: Some(2.0), ..Phases::default() });
    assert_eq!(result.duration_ms, 7.0);
}

#[test]
fn details_are_taken_and_evidence_is_dated() {
    let details = r#"{"measurements":[{"name":"days","value":3,"unit":"days"}],
        "evidence":[{"kind":"image-digest","subject":"sha256:00"}],"later":1}"#;
    let result = result(run(), &outcome(verdict(VerdictStatus::Pass, None, details)));
    assert_eq!(result.measurements[0].value, 3.0);
    assert_eq!(result.evidence[0].observed_at, "2027-01-15T08:00:00Z");
    assert_eq!(result.cut, Vec::<String>::new());
}

#[test]
fn what_is_left_at_the_target_makes_a_pass_a_warning() {
    let journey = || result(run(), &outcome(verdict(VerdictStatus::Pass, None, "")));
    let mut clean = journey();
    add_clean_up(&mut clean, &outcome(End::CleanedUp), 0);
    assert_eq!((clean.status, clean.steps[0].status), (Status::Pass, StepStatus::Pass));
    let mut left = journey();
    add_clean_up(&mut left, &outcome(End::Trap { what: "unreachable".into() }), 2);
    assert_eq!((left.status, left.reason), (Status::Warn, Some(Reason::Trap)));
    assert_eq!(left.failed_step().map(|step| step.name.as_str()), Some("clean-up"));
}
