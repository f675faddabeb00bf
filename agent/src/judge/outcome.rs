//! The one translation from what the host saw to what is reported. Called by `judge` and by local runs. A target is
//! blamed only by a verdict; every other end is the prober's own trouble, named by a reason.

use api::id::RunId;
use api::limits::{TEXT_BYTES_MAX, cut};
use api::result::{CheckResult, Evidence, Phases, Reason, Status, Step, StepStatus};
use host::outcome::{self, Outcome, StepReport, VerdictStatus};
use host::{End, HOST_CALLS_MAX};

use super::details::Details;
use super::fit;

/// The step that stands for clean-up, which the host adds.
const CLEAN_UP: &str = "clean-up";

/// Which run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// When it was due, in milliseconds since 1970-01-01 UTC.
    pub scheduled_at_ms: u64,
}

/// How a run ended, in the words of a result.
struct Judged {
    status: Status,
    reason: Option<Reason>,
    summary: String,
}

/// The result of a run that took place.
pub fn result(run: Run, outcome: &Outcome) -> CheckResult {
    let judged = judge(outcome);
    let mut cut_words = vec![];
    let details = match &outcome.end {
        End::Verdict(verdict) => Details::read(&verdict.details, &mut cut_words),
        _ => Details::default(),
    };
    let mut steps: Vec<Step> = outcome.steps.iter().map(|report| step(report, &judged.summary)).collect();
    steps.extend(details.steps);
    let result = CheckResult {
        run_id: run.id,
        scheduled_at_ms: run.scheduled_at_ms,
        duration_ms: ms(outcome.usage.wall),
        status: judged.status,
        reason: judged.reason,
        summary: judged.summary,
        steps,
        measurements: details.measurements,
        findings: details.findings,
        evidence: dated(details.evidence, run),
        cut: cut_words,
    };
    fit::within_limits(result)
}

/// The result of a run that did not take place.
pub fn skipped(run: Run, reason: Reason, summary: &str) -> CheckResult {
    CheckResult {
        run_id: run.id,
        scheduled_at_ms: run.scheduled_at_ms,
        duration_ms: 0.0,
        status: Status::Skipped,
        reason: Some(reason),
        summary: cut(summary, TEXT_BYTES_MAX).to_owned(),
        steps: vec![],
        measurements: vec![],
        findings: vec![],
        evidence: vec![],
        cut: vec![],
    }
}

/// The result of a run that the agent itself broke.
pub fn broken(run: Run, summary: &str) -> CheckResult {
    CheckResult { status: Status::Error, ..skipped(run, Reason::Other, summary) }
}

/// Adds what became of a journey's clean-up. `still` counts the objects that are left after it: then a pass is a warning,
/// for somebody has to look.
pub fn add_clean_up(result: &mut CheckResult, outcome: &Outcome, still: usize) {
    let ended = judge_end(&outcome.end);
    let (status, message) = match (&outcome.end, still) {
        (End::CleanedUp, 0) => (StepStatus::Pass, None),
        (End::CleanedUp, _) => (StepStatus::Fail, Some("objects are left at the target".to_owned())),
        _ => (StepStatus::Fail, Some(format!("objects are left at the target: {}", ended.summary))),
    };
    if status == StepStatus::Fail && result.status == Status::Pass {
        (result.status, result.reason) = (Status::Warn, Some(ended.reason.unwrap_or(Reason::Other)));
    }
    let message = message.map(|text| cut(&text, TEXT_BYTES_MAX).to_owned());
    let duration_ms = ms(outcome.usage.wall);
    result.steps.push(Step { name: CLEAN_UP.to_owned(), status, duration_ms, message, phases: Phases::default() });
}

fn judge(outcome: &Outcome) -> Judged {
    let told = judge_end(&outcome.end);
    // A refusal is never silent, whatever the plugin made of it: it may have judged something it could not see.
    let Some(denial) = outcome.denials.first() else { return told };
    let summary = format!("{} may not use {}; {} ({})", denial.capability, denial.subject, denial.remedy, told.summary);
    Judged { status: Status::Error, reason: Some(Reason::CapabilityDenied), summary }
}

fn judge_end(end: &End) -> Judged {
    let error = |reason: Reason, summary: String| Judged { status: Status::Error, reason: Some(reason), summary };
    match end {
        End::Verdict(verdict) => judge_verdict(verdict),
        End::CleanedUp => error(Reason::Other, "cleaned up where a run was asked for".to_owned()),
        End::CheckError { reason, message } => error(Reason::from_word(reason), message.clone()),
        End::Panicked { message } => error(Reason::Trap, format!("the plugin panicked: {message}")),
        End::Trap { what } => error(Reason::Trap, format!("the plugin trapped: {what}")),
        End::Exited { code } => error(Reason::Trap, format!("the plugin left with code {code}")),
        End::CpuExceeded { used, limit } => {
            error(Reason::CpuExceeded, format!("{} ms of CPU used, {} granted", used.as_millis(), limit.as_millis()))
        }
        End::MemoryExceeded { asked, limit } => {
            error(Reason::MemoryExceeded, format!("{asked} bytes of memory asked for, {limit} granted"))
        }
        End::Deadline { limit, during } => {
            let place = during.map_or_else(String::new, |call| format!(", while in {call}"));
            let summary = format!("not done within {} ms{place}", limit.as_millis());
            Judged { status: Status::Timeout, reason: Some(Reason::DeadlineExceeded), summary }
        }
        End::HostCallsExceeded { .. } => error(Reason::QuotaExceeded, format!("more than {HOST_CALLS_MAX} host calls")),
        End::OutputExceeded { bytes, limit } => {
            error(Reason::QuotaExceeded, format!("{bytes} bytes of output, {limit} granted"))
        }
        End::InvalidVerdict { message } => error(Reason::ProtocolError, format!("no valid verdict: {message}")),
        End::Withheld { why } => {
            let summary = format!("not begun: {why}");
            Judged { status: Status::Skipped, reason: Some(Reason::PrerequisiteMissing), summary }
        }
        End::NotStarted { message } => error(Reason::PluginUnavailable, format!("not started: {message}")),
    }
}

fn judge_verdict(verdict: &outcome::Verdict) -> Judged {
    let named = || Some(verdict.reason.as_deref().map_or(Reason::Other, Reason::from_word));
    let (status, reason) = match verdict.status {
        VerdictStatus::Pass => (Status::Pass, None),
        VerdictStatus::Warn => (Status::Warn, named()),
        VerdictStatus::Fail => (Status::Fail, named()),
    };
    Judged { status, reason, summary: verdict.summary.clone() }
}

/// A step that was open when the run ended is where it broke.
fn step(report: &StepReport, ended_with: &str) -> Step {
    let (status, message) = match report.status {
        None => (StepStatus::Fail, Some(format!("the run ended in this step: {ended_with}"))),
        Some(outcome::StepStatus::Pass) => (StepStatus::Pass, report.message.clone()),
        Some(outcome::StepStatus::Warn) => (StepStatus::Warn, report.message.clone()),
        Some(outcome::StepStatus::Fail) => (StepStatus::Fail, report.message.clone()),
        Some(outcome::StepStatus::Skipped) => (StepStatus::Skipped, report.message.clone()),
    };
    let phases = Phases {
        resolve: report.phases.resolve.map(ms),
        connect: report.phases.connect.map(ms),
        tls: report.phases.tls.map(ms),
        processing: report.phases.processing.map(ms),
        transfer: report.phases.transfer.map(ms),
    };
    Step { name: report.name.clone(), status, duration_ms: ms(report.duration), message, phases }
}

/// Evidence was seen when the run was, unless the source says otherwise.
fn dated(mut evidence: Vec<Evidence>, run: Run) -> Vec<Evidence> {
    let at_ms = i64::try_from(run.scheduled_at_ms).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::MAX).to_string();
    for seen in &mut evidence {
        if seen.observed_at.is_empty() {
            seen.observed_at.clone_from(&at);
        }
    }
    evidence
}

fn ms(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests;
