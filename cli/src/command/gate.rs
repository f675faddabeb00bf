//! Shell: `gate check` asks whether a release may go, and waits when told to; `gate explain` shows all that the gate
//! looked at. The clock here only paces the questions; every judgement is the gate's.

use std::time::{Duration, Instant};

use api::http::decision::{Answer, Ask, Decision, Simulation};
use api::http::release::Subject;
use api::id::Digest;
use api::manifest::freeze_rule::Action;
use api::manifest::release_policy::Class;
use api::quantity::Span;
use serde_json::Value;

use super::context::Context;
use crate::args::from_word;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::http::aggregator::Aggregator;
use crate::output::{answer, say, write};

/// When the gate does not say when to ask again, and the bounds of what it says: polling is normal, hammering is not.
const ASK_AGAIN: Duration = Duration::from_secs(10);
const ASK_AGAIN_MIN: Duration = Duration::from_secs(1);
const ASK_AGAIN_MAX: Duration = Duration::from_secs(60);
/// The code of a gate that cannot tell.
const INDETERMINATE: &str = "INDETERMINATE";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Ask; an allow prints a ticket for `release start`
    #[command(
        after_help = "Examples:\n  floorwalker gate check --tenant acme --environment prod --service shop --release REL \\\n      --wait --deadline 30m\n  \
        floorwalker gate check --tenant acme --environment prod --service shop --release REL \\\n      --action rollback\n\n\
        Exits 0 for allow, 1 for deny, 3 for wait, 4 when the gate cannot be reached or cannot tell."
    )]
    Check(Check),
    /// Show everything the gate looked at, for now or for another instant; makes no ticket
    #[command(after_help = "Examples:\n  floorwalker gate explain --tenant acme --environment prod --service shop\n  \
        floorwalker gate explain --tenant acme --environment prod --service shop --at 2026-11-27T12:00:00Z")]
    Explain(Explain),
}

/// The question.
#[derive(Debug, clap::Args)]
pub(crate) struct Question {
    /// Whose environment it goes to, such as acme
    #[arg(long)]
    tenant: String,
    /// Which of the tenant's environments, such as prod
    #[arg(long)]
    environment: String,
    /// What is released, such as shop; one of the tenant's services
    #[arg(long)]
    service: String,
    /// A location of the tenant; without it a freeze of any location counts
    #[arg(long)]
    location: Option<String>,
    /// Id of the release, which `release create` printed; without it the question is a general one
    #[arg(long, value_name = "ID")]
    release: Option<String>,
    /// Class of the change: feature, config, business-config, schema, integration, infra, security-hotfix or emergency.
    /// A claim, held against release and token
    #[arg(long, value_parser = from_word::<Class>)]
    class: Option<Class>,
    /// What is to be done: deploy, migrate, config, infra or rollback
    #[arg(long, default_value = "deploy", value_parser = from_word::<Action>)]
    action: Action,
    /// Digest of what is to run, sha256:…; the release's own unless given
    #[arg(long, value_name = "DIGEST")]
    subject: Option<Digest>,
    /// How long it will take, such as 20m
    #[arg(long, value_name = "TIME")]
    expected_duration: Option<Span>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    question: Question,
    /// Ask again while the answer is wait, or while the gate cannot be reached
    #[arg(long, overrides_with = "no_wait", group = "patience")]
    wait: bool,
    /// Take the first answer; this is the default, and takes back --wait and --deadline
    #[arg(long, overrides_with = "wait", group = "patience")]
    no_wait: bool,
    /// With --wait: how long to go on asking, such as 45m
    #[arg(long, value_name = "TIME", default_value = "30m", requires = "patience")]
    deadline: Span,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    question: Question,
    /// Simulate for this instant (RFC 3339): time rules use it, checks are today's
    #[arg(long, value_name = "INSTANT")]
    at: Option<jiff::Timestamp>,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Check(check) => run_check(check, context).await,
        Command::Explain(explain) => run_explain(explain, context).await,
    }
}

async fn run_check(check: Check, context: &Context) -> Result<Exit, Failure> {
    let Check { question, wait, no_wait: _, deadline } = check;
    let aggregator = context.aggregator()?;
    let ask = complete(question, &aggregator).await?;
    let patience = if wait { deadline.0 } else { Duration::ZERO };
    let (document, answer) = ask_until(&aggregator, &ask, patience).await?;
    context.output.print(&document, |_| answer::brief(&answer))?;
    Ok(exit_of(&answer))
}

async fn run_explain(explain: Explain, context: &Context) -> Result<Exit, Failure> {
    let Explain { question, at } = explain;
    let aggregator = context.aggregator()?;
    let mut ask = complete(question, &aggregator).await?;
    ask.at = at.map(|at| at.to_string());
    let document = aggregator.explain(&ask).await?;
    let answer = match ask.at {
        Some(_) => parse::<Simulation>(&document)?.simulated,
        None => parse::<Answer>(&document)?,
    };
    if let (Some(at), crate::output::Format::Table) = (&ask.at, context.output) {
        write(&format!("simulated for {at}: no decision\n"))?;
    }
    context.output.print(&document, |_| answer::full(&answer))?;
    Ok(Exit::Done)
}

/// The question as the gate takes it. A release says its own subject and class where the flags do not.
async fn complete(question: Question, aggregator: &Aggregator) -> Result<Ask, Failure> {
    let Question { tenant, environment, service, location, release, class, action, subject, expected_duration } =
        question;
    let known = match &release {
        Some(id) if subject.is_none() => Some(aggregator.release(id).await?),
        _ => None,
    };
    let subject = subject.map(|digest| Subject { digest }).or(known.map(|release| release.subject));
    let expected_duration_s = match expected_duration {
        None => None,
        Some(span) => {
            let seconds = u32::try_from(span.0.as_secs());
            Some(seconds.map_err(|_| Failure::Usage(format!("--expected-duration {span} is too long")))?)
        }
    };
    Ok(Ask { tenant, environment, service, location, release, class, action, subject, at: None, expected_duration_s })
}

/// Asks until the answer is no wait, or the patience is over. Each change of the answer is told.
async fn ask_until(aggregator: &Aggregator, ask: &Ask, patience: Duration) -> Result<(Value, Answer), Failure> {
    let start = Instant::now();
    let mut told = String::new();
    loop {
        let asked = match aggregator.decide(ask).await {
            Ok(document) => parse::<Answer>(&document).map(|answer| (document, answer)),
            Err(failure) => Err(failure),
        };
        let (line, pause) = match &asked {
            Ok((_, answer)) if answer.decision != Decision::Wait => return asked,
            Ok((_, answer)) => (format!("wait  {}  {}", answer.code, answer.reason), pause(answer)),
            Err(failure) if failure.is_passing() => (format!("no answer: {failure}"), ASK_AGAIN),
            Err(_) => return asked,
        };
        let left = patience.saturating_sub(start.elapsed());
        if left.is_zero() {
            return asked;
        }
        if line != told {
            say(&line);
            told = line;
        }
        tokio::time::sleep(pause.min(left)).await;
    }
}

fn pause(answer: &Answer) -> Duration {
    answer.retry_after_s.map_or(ASK_AGAIN, Duration::from_secs).clamp(ASK_AGAIN_MIN, ASK_AGAIN_MAX)
}

fn exit_of(answer: &Answer) -> Exit {
    match answer.decision {
        Decision::Allow => Exit::Done,
        Decision::Deny => Exit::Refused,
        Decision::Wait if answer.code == INDETERMINATE => Exit::Unknown,
        Decision::Wait => Exit::Wait,
    }
}

fn parse<T: serde::de::DeserializeOwned>(document: &Value) -> Result<T, Failure> {
    serde_json::from_value(document.clone()).map_err(|error| {
        Failure::Unreachable(format!("the gate answers another document than this version knows: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(decision: &str, code: &str, retry_after_s: Option<u64>) -> Answer {
        let answer = serde_json::json!({"id": "d", "decision": decision, "code": code, "reason": "r", "evaluated_at": "t",
            "retry_after_s": retry_after_s, "reasons": [], "requirements": [], "shadow": [], "policy_version": "p", "tzdb": "z"});
        serde_json::from_value(answer).expect("an answer")
    }

    #[test]
    fn codes_are_those_of_the_contract() {
        assert_eq!(exit_of(&answer("allow", "ALLOWED", None)), Exit::Done);
        assert_eq!(exit_of(&answer("deny", "DIGEST_MISMATCH", None)), Exit::Refused);
        assert_eq!(exit_of(&answer("wait", "FROZEN", None)), Exit::Wait);
        assert_eq!(exit_of(&answer("wait", "INDETERMINATE", None)), Exit::Unknown);
    }

    #[test]
    fn questions_are_paced_by_the_gate_within_bounds() {
        assert_eq!(pause(&answer("wait", "FROZEN", Some(0))), ASK_AGAIN_MIN);
        assert_eq!(pause(&answer("wait", "FROZEN", Some(15))), Duration::from_secs(15));
        assert_eq!(pause(&answer("wait", "FROZEN", Some(86_400))), ASK_AGAIN_MAX);
        assert_eq!(pause(&answer("wait", "FROZEN", None)), ASK_AGAIN);
    }
}
