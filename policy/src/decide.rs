//! The fold: any deny, else any wait, else allow. A pure function of question, snapshot and instant. Called by the
//! gate for decisions, simulations and the second look at a start.

use std::collections::BTreeSet;
use std::time::Duration;

use api::http::decision::Decision;
use api::id::Digest;
use api::limits::TICKET_TTL;
use api::manifest::freeze_rule::{Action, Mode};
use api::manifest::release_policy::Class;
use jiff::Timestamp;

use crate::ask::Ask;
use crate::finding::{self, Code, Finding, RuleRef};
use crate::freeze::{self, next};
use crate::matching::{self, Case, Classes};
use crate::require::{self, Requirement};
use crate::snapshot::{Owned, Snapshot};
use crate::version;

/// A wait that data or people end is worth another look this often: the least check interval is a third of it, and a
/// roll-up comes as often.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// A wait that only the clock ends is looked at again this often at most, since rules change.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(300);

/// The decision and everything an answer says of it. Instants are instants; the gate renders them.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The value.
    pub decision: Decision,
    /// `ALLOWED`, or the code of the first reason.
    pub code: &'static str,
    /// One plain sentence.
    pub reason: String,
    /// What the claimed action counts for.
    pub action: Action,
    /// Why not, in order.
    pub reasons: Vec<Finding>,
    /// What was required.
    pub requirements: Vec<Requirement>,
    /// What shadow rules and policies would have said.
    pub shadow: Vec<Finding>,
    /// Until when an allow holds by the clock alone, or when the next look makes sense.
    pub valid_until: Option<Timestamp>,
    /// The earliest instant at which the time rules leave room; none when they do now, or never within the horizon.
    pub next_allowed_at: Option<Timestamp>,
    /// When the time rules close next; none when they are closed, or never within the horizon.
    pub next_close_at: Option<Timestamp>,
    /// When to ask again; none unless it is a wait.
    pub retry_after: Option<Duration>,
    /// Changes with every rule and policy that matched.
    pub policy_version: String,
}

/// Decides. In a simulation `at` is the instant asked about; check states are those of the snapshot.
pub fn decide(ask: &Ask, snapshot: &Snapshot, at: Timestamp) -> Evaluation {
    let classes = Classes::of(ask, snapshot);
    let question = Question { ask, snapshot, at, action: matching::action(ask, snapshot, at) };
    let law = question.judge(&classes.judged, |mode| mode == Mode::Enforce);
    let with_shadow = question.judge(&classes.judged, |_| true);
    let decision = law.findings.iter().map(|finding| finding.code.decision()).max().unwrap_or(Decision::Allow);
    let next_close_at = next::close(&law.closed, at);
    let held_by_time = law.findings.iter().any(|finding| finding.code.is_of_time());
    let next_allowed_at = if held_by_time { next::allowed(&law.closed, at, ask.expected_duration) } else { None };
    let retry_after = (decision == Decision::Wait).then(|| retry_after(&law.findings, next_allowed_at, at));
    let mut reason = question.sentence(&law.findings);
    if held_by_time && next_allowed_at.is_none() {
        reason.push_str(&question.endless());
    }
    reason.push_str(&question.notes(&law.findings, &classes));
    Evaluation {
        decision,
        code: law.findings.first().map_or(Code::ALLOWED, |first| first.code.as_str()),
        reason,
        action: question.action,
        shadow: question.of_shadow(with_shadow.findings),
        valid_until: match decision {
            Decision::Allow => allow_holds_until(ask, at, next_close_at, &law.requirements),
            Decision::Wait => retry_after.and_then(|after| at.checked_add(after).ok()),
            Decision::Deny => None,
        },
        next_allowed_at,
        next_close_at,
        retry_after,
        policy_version: version::of_documents(law.matched),
        requirements: law.requirements,
        reasons: law.findings,
    }
}

struct Question<'a> {
    ask: &'a Ask,
    snapshot: &'a Snapshot,
    at: Timestamp,
    action: Action,
}

struct Law {
    closed: freeze::interval::Set,
    findings: Vec<Finding>,
    requirements: Vec<Requirement>,
    matched: Vec<(&'static str, RuleRef)>,
}

impl Question<'_> {
    /// What the documents of the given modes say of a release that is of all of `classes`.
    fn judge(&self, classes: &BTreeSet<Class>, of_mode: impl Fn(Mode) -> bool) -> Law {
        let rules: Vec<_> = self.snapshot.rules.iter().filter(|rule| of_mode(rule.spec.mode)).collect();
        let time = freeze::judge(self.ask, &self.snapshot.tenant, &rules, &self.cases(classes), self.at);
        let mut matched: Vec<_> = time.matched.iter().map(|rule| ("FreezeRule", reference(rule))).collect();
        let mut findings = time.findings;
        let mut requirements = vec![];
        if self.action == Action::Rollback {
            // Failing checks and broken documents never hold the way back; a rule that lists it by name does.
            findings.retain(|finding| finding.code != Code::Indeterminate);
        } else {
            let policies: Vec<_> = self.snapshot.policies.iter().filter(|policy| of_mode(policy.spec.mode)).collect();
            let judged = require::judge(self.ask, self.subject(), &policies, &self.snapshot.checks, classes);
            matched.extend(judged.matched.iter().map(|policy| ("ReleasePolicy", reference(policy))));
            findings.extend(judged.findings);
            findings.extend(require::without_policy(self.ask, &policies, classes));
            findings.extend(self.snapshot.broken.iter().map(|document| {
                let message = format!("`{}` cannot be read, so nobody knows what it says", document.name);
                let rule = Some(RuleRef { name: document.name.clone(), version: String::new() });
                Finding { rule, ..Finding::new(Code::Indeterminate, message, "correct the document") }
            }));
            requirements = judged.requirements;
        }
        findings.extend(self.swapped());
        Law { closed: time.closed, findings: finding::in_order(findings), requirements, matched }
    }

    fn cases(&self, classes: &BTreeSet<Class>) -> Vec<Case<'_>> {
        let tenant = &self.snapshot.tenant;
        let environment = &self.ask.environment;
        let at_place =
            |place| classes.iter().map(move |&class| Case { tenant, environment, class, action: self.action, place });
        freeze::places(self.ask, tenant).into_iter().flat_map(at_place).collect()
    }

    fn subject(&self) -> Option<&Digest> {
        self.ask.subject.as_ref().or(self.snapshot.release.as_ref().map(|release| &release.subject))
    }

    /// A release is its digest: asked about with another one, it is not that release.
    fn swapped(&self) -> Option<Finding> {
        let release = &self.snapshot.release.as_ref()?.subject;
        let asked = self.ask.subject.as_ref().filter(|asked| *asked != release)?;
        let message = format!("the release is {release}, and the request names {asked}");
        Some(Finding::new(
            Code::DigestMismatch,
            message,
            "ask about the release's own digest, or create another release",
        ))
    }

    fn of_shadow(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let rules = self.snapshot.rules.iter().filter(|rule| rule.spec.mode == Mode::Shadow).map(reference);
        let policies = self.snapshot.policies.iter().filter(|policy| policy.spec.mode == Mode::Shadow).map(reference);
        let shadows: BTreeSet<RuleRef> = rules.chain(policies).collect();
        findings.into_iter().filter(|it| it.rule.as_ref().is_some_and(|rule| shadows.contains(rule))).collect()
    }

    fn sentence(&self, findings: &[Finding]) -> String {
        let Ask { service, environment, .. } = self.ask;
        match findings.first() {
            Some(first) => first.message.clone(),
            None => format!("{} of {service} to {environment} is allowed", self.action.as_str()),
        }
    }

    /// Said of a wait that the clock does not end.
    fn endless(&self) -> String {
        let days = next::HORIZON.as_secs() / 86_400;
        match self.ask.expected_duration.as_secs() {
            0 => format!("; the time rules do not open within {days} days"),
            room => format!("; the time rules leave no room of {room} s within {days} days"),
        }
    }

    /// What the caller should know beside the first reason: a claim that did not count.
    fn notes(&self, findings: &[Finding], classes: &Classes) -> String {
        let mut notes = String::new();
        if self.ask.action != self.action {
            notes.push_str(
                "; judged as a deploy, because no success of this digest is on record here for a rollback to go to",
            );
        }
        if classes.judged != classes.claimed
            && self.judge(&classes.claimed, |mode| mode == Mode::Enforce).findings != findings
        {
            match self.ask.class {
                Some(class) => notes.push_str(&format!(
                    "; judged as the strictest class, because the credential does not name class `{}`",
                    class.as_str()
                )),
                None => notes.push_str(
                    "; judged as the strictest class, because the request names no class its credential names",
                ),
            }
        }
        notes
    }
}

fn reference<S>(document: &Owned<S>) -> RuleRef {
    RuleRef { name: document.name.clone(), version: document.version.clone() }
}

fn retry_after(findings: &[Finding], opens: Option<Timestamp>, at: Timestamp) -> Duration {
    if !findings.iter().all(|finding| finding.code.is_of_time()) {
        return LOOK_AGAIN;
    }
    let wait = opens.map_or(LOOK_AGAIN_MAX, |opens| opens.duration_since(at).unsigned_abs());
    // Rounded up to a whole second: asked a moment too early, the answer would be the same.
    Duration::from_secs(wait.as_millis().div_ceil(1_000) as u64).min(LOOK_AGAIN_MAX)
}

/// The first of: the ticket's end, the last instant that leaves room, the first required check to go stale.
fn allow_holds_until(
    ask: &Ask,
    at: Timestamp,
    close: Option<Timestamp>,
    required: &[Requirement],
) -> Option<Timestamp> {
    let ticket = at.checked_add(TICKET_TTL).ok();
    let last_start = close.and_then(|close| close.checked_sub(ask.expected_duration).ok());
    let stale = required.iter().filter_map(|requirement| requirement.fresh_until).min();
    [ticket, last_start, stale].into_iter().flatten().min()
}
