//! What release policies require, and how each requirement stands. Several policies that match are united. Called by
//! `decide`; it judges what the snapshot says and looks nothing up.

mod check;

use std::collections::BTreeSet;

use api::frame::Layer;
use api::http::check::CheckState;
use api::id::Digest;
use api::manifest::release_policy::{Class, Requirements, Spec};
use jiff::Timestamp;

use crate::ask::Ask;
use crate::finding::{Code, Finding, RuleRef, in_order};
use crate::matching;
use crate::snapshot::{CheckNow, Owned};
use crate::verdict::severity;

/// Something required, and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The check, `namespace/name`, or the labels when too few carry them.
    pub name: String,
    /// How it stands.
    pub state: CheckState,
    /// When it was last seen: the oldest of its nodes.
    pub observed_at: Option<Timestamp>,
    /// Until when what was seen stays fresh.
    pub fresh_until: Option<Timestamp>,
    /// What would satisfy it; none when it is satisfied.
    pub resolution: Option<String>,
    /// What it speaks of.
    pub layer: Option<Layer>,
}

/// What the policies say of a question.
#[derive(Default)]
pub(crate) struct Judgement<'a> {
    /// Each check once, worst first seen wins.
    pub(crate) requirements: Vec<Requirement>,
    /// What is not satisfied.
    pub(crate) findings: Vec<Finding>,
    /// The policies that matched.
    pub(crate) matched: Vec<&'a Owned<Spec>>,
}

/// Judges the policies for a release that is of all of `classes`.
pub(crate) fn judge<'a>(
    ask: &Ask,
    subject: Option<&Digest>,
    policies: &[&'a Owned<Spec>],
    checks: &[CheckNow],
    classes: &BTreeSet<Class>,
) -> Judgement<'a> {
    let mut judged = Judgement::default();
    for policy in policies {
        if !classes.iter().any(|class| matching::policy(&policy.spec, ask, *class)) {
            continue;
        }
        judged.matched.push(policy);
        let Requirements::Checks(required) = &policy.spec.requirements else { continue };
        let rule = RuleRef { name: policy.name.clone(), version: policy.version.clone() };
        for each in required {
            check::judge(ask, subject, checks, each, &rule, &mut judged);
        }
    }
    judged.requirements = each_once(judged.requirements);
    judged.findings = one_per_check(in_order(judged.findings));
    judged
}

/// A class that no policy is about was forgotten, and what was forgotten is not allowed.
pub(crate) fn without_policy(ask: &Ask, policies: &[&Owned<Spec>], classes: &BTreeSet<Class>) -> Option<Finding> {
    let forgotten = |class: &&Class| !policies.iter().any(|policy| matching::policy(&policy.spec, ask, **class));
    let names: Vec<String> = classes.iter().filter(forgotten).map(|class| format!("`{}`", class.as_str())).collect();
    if names.is_empty() {
        return None;
    }
    let message = format!("no release policy is about {} of {} in {}", names.join(", "), ask.service, ask.environment);
    let remedy = "write a ReleasePolicy for it; `requirements: none` says that nothing is needed";
    Some(Finding::new(Code::Indeterminate, message, remedy))
}

/// One line per check: the worst of what several policies think of it, and of two that ask for something the first by its
/// words, so that the order of policies has no influence.
fn each_once(mut all: Vec<Requirement>) -> Vec<Requirement> {
    all.sort_by_key(|it| (it.name.clone(), severity(it.state), it.resolution.is_none(), it.resolution.clone()));
    all.dedup_by(|later, first| later.name == first.name);
    all
}

/// The same complaint of several policies is said once, by the first of them in the order of findings.
fn one_per_check(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut said = BTreeSet::new();
    findings.retain(|finding| said.insert((finding.code, finding.message.clone())));
    findings
}
