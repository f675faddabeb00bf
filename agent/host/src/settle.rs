//! From what a store was left with to an `Outcome`: which error means which end, and what the guest's answer is worth.
//! Called by `run` at the end of every run. Pure; it reads types, never messages.

use std::time::Duration;

use api::limits::{DESCRIBE_BYTES_MAX, RESULT_BYTES_MAX, TEXT_BYTES_MAX, cut};
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::bindings::wit::types::{CheckError, Verdict as GuestVerdict};
use crate::limit::{CpuExceeded, HOST_CALLS_MAX, HostCallsExceeded, MemoryExceeded};
use crate::mask::Mask;
use crate::outcome::{End, Outcome, Usage, Verdict, VerdictStatus};
use crate::state::RunState;

/// What the guest's export gave.
pub(crate) enum Answer {
    Judged(Result<GuestVerdict, CheckError>),
    CleanedUp(Result<(), CheckError>),
    Description(String),
}

/// Why it gave nothing.
pub(crate) enum Stopped {
    NotStarted(String),
    Withheld(String),
    Deadline(Duration),
    Failed(wasmtime::Error),
    Cpu { used: Duration, limit: Duration },
}

/// A run that is over, its store taken apart.
pub(crate) struct Finished {
    pub(crate) answer: Result<Answer, Stopped>,
    pub(crate) state: RunState,
    pub(crate) usage: Usage,
}

impl From<wasmtime::Error> for Stopped {
    fn from(error: wasmtime::Error) -> Self {
        Self::Failed(error)
    }
}

impl Stopped {
    /// Adds to a used-up CPU budget how much it was.
    pub(crate) fn with_cpu(self, used: Duration, limit: Duration) -> Self {
        match self {
            Self::Failed(error) if error.is::<CpuExceeded>() => Self::Cpu { used, limit },
            other => other,
        }
    }
}

/// The outcome of a run or a clean-up.
pub(crate) fn settle(finished: Finished) -> Outcome {
    let Finished { answer, state, mut usage } = finished;
    let stdio_tail = state.tail.text();
    let end = match answer {
        Ok(Answer::Judged(Ok(verdict))) => judged(verdict),
        Ok(Answer::Judged(Err(error)) | Answer::CleanedUp(Err(error))) => check_error(&error),
        Ok(Answer::CleanedUp(Ok(()))) => End::CleanedUp,
        Ok(Answer::Description(_)) => unasked(),
        Err(stopped) => ended(stopped, &state, &stdio_tail),
    };
    let (requests, on_wire) = state.exchanges.into_reports();
    usage.requests = on_wire;
    let phases =
        |step: usize| crate::net::phase::sum(requests.iter().filter(|r| r.step == Some(step)).map(|r| r.phases));
    let mask = Mask::new(&state.call.secrets);
    let mut outcome = Outcome {
        end,
        steps: state.steps.into_reports(usage.wall, phases),
        logs: state.lines.kept,
        lines_dropped: state.lines.dropped,
        stdio_tail,
        denials: state.denials,
        usage,
        requests,
    };
    mask.hide(&mut outcome);
    outcome
}

/// The description, or how it ended instead.
pub(crate) fn described(finished: Finished) -> Result<String, End> {
    let Finished { answer, state, .. } = finished;
    match answer {
        Ok(Answer::Description(text)) if text.len() > DESCRIBE_BYTES_MAX => {
            Err(End::OutputExceeded { bytes: text.len(), limit: DESCRIBE_BYTES_MAX })
        }
        Ok(Answer::Description(text)) => Ok(text),
        Ok(_) => Err(unasked()),
        Err(stopped) => Err(ended(stopped, &state, &state.tail.text())),
    }
}

fn unasked() -> End {
    End::InvalidVerdict { message: "the answer is not to what was asked".to_owned() }
}

fn judged(verdict: GuestVerdict) -> End {
    let status = match verdict.status.as_str() {
        "pass" => VerdictStatus::Pass,
        "warn" => VerdictStatus::Warn,
        "fail" => VerdictStatus::Fail,
        other => {
            let message = format!("the status is pass, warn or fail and not `{}`", cut(other, 40));
            return End::InvalidVerdict { message };
        }
    };
    if status != VerdictStatus::Pass && verdict.reason.is_none() {
        return End::InvalidVerdict { message: format!("a verdict of `{}` needs a reason", verdict.status) };
    }
    let bytes = verdict.details.len();
    if bytes > RESULT_BYTES_MAX {
        return End::OutputExceeded { bytes, limit: RESULT_BYTES_MAX };
    }
    End::Verdict(Verdict {
        status,
        reason: verdict.reason.map(|reason| cut(&reason, TEXT_BYTES_MAX).to_owned()),
        summary: cut(&verdict.summary, TEXT_BYTES_MAX).to_owned(),
        details: verdict.details,
    })
}

fn check_error(error: &CheckError) -> End {
    End::CheckError {
        reason: cut(&error.reason, TEXT_BYTES_MAX).to_owned(),
        message: cut(&error.message, TEXT_BYTES_MAX).to_owned(),
    }
}

fn ended(stopped: Stopped, state: &RunState, stdio_tail: &str) -> End {
    match stopped {
        Stopped::NotStarted(message) => End::NotStarted { message },
        Stopped::Withheld(why) => End::Withheld { why },
        Stopped::Deadline(limit) => End::Deadline { limit, during: state.budget.present() },
        Stopped::Cpu { used, limit } => End::CpuExceeded { used, limit },
        Stopped::Failed(error) => failed(&error, state.memory.exceeded(), stdio_tail),
    }
}

fn failed(error: &wasmtime::Error, memory: Option<MemoryExceeded>, stdio_tail: &str) -> End {
    if let Some(MemoryExceeded { asked, limit }) = error.downcast_ref::<MemoryExceeded>().copied().or(memory) {
        return End::MemoryExceeded { asked, limit };
    }
    if error.is::<HostCallsExceeded>() {
        return End::HostCallsExceeded { limit: HOST_CALLS_MAX };
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return End::Exited { code: *code };
    }
    match error.downcast_ref::<Trap>() {
        // A guest that wrote why before it gave up is what a panic looks like from outside.
        Some(Trap::UnreachableCodeReached) if !stdio_tail.trim().is_empty() => {
            End::Panicked { message: last(stdio_tail.trim(), TEXT_BYTES_MAX).to_owned() }
        }
        Some(trap) => End::Trap { what: trap.to_string() },
        None if error.is::<PoolConcurrencyLimitError>() => End::NotStarted { message: format!("{error:#}") },
        None => End::Trap { what: cut(&format!("{error:#}"), TEXT_BYTES_MAX).to_owned() },
    }
}

/// The last `bytes_max` bytes, from a character's border.
fn last(text: &str, bytes_max: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes_max);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: &str, reason: Option<&str>, details: &str) -> GuestVerdict {
        GuestVerdict {
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            summary: "s".repeat(2 * TEXT_BYTES_MAX),
            details: details.to_owned(),
        }
    }

    #[test]
    fn a_verdict_is_held_to_the_contract() {
        let End::Verdict(whole) = judged(verdict("fail", Some("http-status"), "{}")) else { panic!("a verdict") };
        assert_eq!((whole.status, whole.summary.len()), (VerdictStatus::Fail, TEXT_BYTES_MAX));
        assert!(matches!(judged(verdict("fine", None, "")), End::InvalidVerdict { .. }));
        assert!(matches!(judged(verdict("warn", None, "")), End::InvalidVerdict { .. }));
        let long = "x".repeat(RESULT_BYTES_MAX + 1);
        assert!(matches!(judged(verdict("pass", None, &long)), End::OutputExceeded { .. }));
    }

    #[test]
    fn errors_are_told_apart_by_their_types() {
        let exceeded = MemoryExceeded { asked: 2, limit: 1 };
        let unreachable = wasmtime::Error::from(Trap::UnreachableCodeReached);
        assert_eq!(failed(&unreachable, Some(exceeded), "oom"), End::MemoryExceeded { asked: 2, limit: 1 });
        assert_eq!(failed(&unreachable, None, "boom\n"), End::Panicked { message: "boom".to_owned() });
        assert!(matches!(failed(&unreachable, None, ""), End::Trap { .. }));
        let overflow = wasmtime::Error::from(Trap::StackOverflow);
        assert!(matches!(failed(&overflow, None, "boom"), End::Trap { .. }));
        let storm = wasmtime::Error::from(HostCallsExceeded);
        assert_eq!(failed(&storm, None, ""), End::HostCallsExceeded { limit: HOST_CALLS_MAX });
        assert_eq!(failed(&wasmtime::Error::from(I32Exit(3)), None, ""), End::Exited { code: 3 });
    }

    #[test]
    fn the_end_of_a_message_is_kept() {
        assert_eq!(last("aß", 1), "");
        assert_eq!(last("aß", 2), "ß");
    }
}
