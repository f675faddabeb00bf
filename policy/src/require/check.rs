//! A required check: every check with the labels must pass on its share of the nodes that placement intended, and at
//! least a stated number must exist. Missing is never satisfied.

use std::collections::BTreeMap;

use api::http::check::CheckState;
use api::id::Digest;
use api::manifest::release_policy::RequiredCheck;
use api::manifest::selector;

use super::{Judgement, Requirement};
use crate::ask::Ask;
use crate::finding::{Code, Finding, RuleRef};
use crate::snapshot::{CheckNow, NodeNow};
use crate::verdict::verdict;

/// Judges one line of a policy's requirements.
pub(super) fn judge(
    ask: &Ask,
    subject: Option<&Digest>,
    checks: &[CheckNow],
    wanted: &RequiredCheck,
    rule: &RuleRef,
    into: &mut Judgement<'_>,
) {
    let about = |check: &&CheckNow| check.service.as_ref().is_none_or(|service| *service == ask.service);
    let matching: Vec<&CheckNow> =
        checks.iter().filter(about).filter(|check| selector::matches(&wanted.labels, &check.labels)).collect();
    if matching.len() < wanted.at_least as usize {
        too_few(ask, matching.len(), wanted, rule, into);
    }
    for check in matching {
        let states: Vec<CheckState> = check.nodes.iter().map(|node| node.state).collect();
        let state = verdict(&states, wanted.share);
        let mut finding = complaint(check, state, wanted.share);
        if state == CheckState::Passing && wanted.match_subject {
            finding = mismatch(check, subject);
        }
        into.requirements.push(Requirement {
            name: check.name.clone(),
            state,
            observed_at: check.nodes.iter().filter_map(|node| node.observed_at).min(),
            fresh_until: passing(check).filter_map(|node| node.fresh_until).min(),
            resolution: finding.as_ref().map(|it| it.remedy.clone()),
            layer: Some(check.layer),
        });
        into.findings.extend(finding.map(|it| Finding { rule: Some(rule.clone()), layer: Some(check.layer), ..it }));
    }
}

fn too_few(ask: &Ask, found: usize, wanted: &RequiredCheck, rule: &RuleRef, into: &mut Judgement<'_>) {
    let labels = words(&wanted.labels);
    let least = wanted.at_least;
    let message = format!(
        "{found} of at least {least} checks with the labels {labels} exist for {} in {}",
        ask.service, ask.environment
    );
    let remedy = format!("add a Check with the labels {labels} in a namespace of {}", ask.environment);
    into.requirements.push(Requirement {
        name: labels,
        state: CheckState::Missing,
        observed_at: None,
        fresh_until: None,
        resolution: Some(remedy.clone()),
        layer: None,
    });
    into.findings.push(Finding { rule: Some(rule.clone()), ..Finding::new(Code::CheckMissing, message, &remedy) });
}

fn words(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// The sentence about a check that does not pass, with the node, the step and what the node said.
fn complaint(check: &CheckNow, state: CheckState, share: u8) -> Option<Finding> {
    let named = format!("{} check {}", check.layer.as_str(), check.name);
    let concerned = |node: &&NodeNow| node.state == state;
    let nodes: Vec<&NodeNow> = check.nodes.iter().filter(concerned).collect();
    let Some(first) = nodes.iter().find(|node| node.failed_step.is_some()).or(nodes.first()) else {
        let (message, remedy) = match &check.refused_at {
            Some(at) => (
                format!("{named} is refused at {at}"),
                "correct the manifest; `floorwalker check validate` says what is wrong with it",
            ),
            None => (format!("{named} is placed on no node"), "start an agent, or correct the check's placement"),
        };
        return (state == CheckState::Missing).then(|| Finding::new(Code::CheckMissing, message, remedy));
    };
    let node = &first.node;
    let said = first.summary.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    let step = first.failed_step.as_deref().map(|step| format!(" at step `{step}`")).unwrap_or_default();
    let (code, sentence, remedy) = match state {
        CheckState::Passing => return None,
        CheckState::Failing => (
            Code::CheckFailing,
            format!("{named} fails{step} on {node}{said}"),
            "repair what the check tests; it opens again by itself",
        ),
        CheckState::Stale => (
            Code::CheckStale,
            format!("{named} was not heard of on {node} for too long"),
            "see whether the agent on that node runs and reports",
        ),
        CheckState::Missing => (
            Code::CheckMissing,
            format!("{named} has not run on {node} yet"),
            "wait for its first run, or see why it is not ready there",
        ),
        CheckState::Unknown => (
            Code::CheckUnknown,
            format!("{named} cannot tell on {node}{said}"),
            "repair the check itself: its plugin, secrets or agent",
        ),
    };
    let all = check.nodes.len();
    let of_nodes = match all {
        1 => String::new(),
        _ => format!(" ({} of {all} nodes pass, {share} % must)", passing(check).count()),
    };
    Some(Finding::new(code, format!("{sentence}{of_nodes}"), remedy))
}

/// Nodes that pass: their last run is no older than it may be.
fn passing(check: &CheckNow) -> impl Iterator<Item = &NodeNow> {
    check.nodes.iter().filter(|node| node.state == CheckState::Passing)
}

/// Holds the newest evidence of the check against the release's digest.
fn mismatch(check: &CheckNow, subject: Option<&Digest>) -> Option<Finding> {
    let named = format!("{} check {}", check.layer.as_str(), check.name);
    let Some(subject) = subject else {
        let message = format!("{named} compares a digest, and neither the request nor a release names one");
        return Some(Finding::new(
            Code::EvidenceMissing,
            message,
            "name subject.digest in the request, or create the release first",
        ));
    };
    let newest = passing(check).filter(|node| !node.evidence.is_empty()).max_by_key(|node| node.observed_at);
    let Some(newest) = newest else {
        let message = format!("{named} passes and names no digest that it saw");
        return Some(Finding::new(Code::EvidenceMissing, message, "require a check whose plugin reports evidence"));
    };
    if newest.evidence.iter().any(|seen| seen.subject == subject.as_str()) {
        return None;
    }
    let seen = newest.evidence.first().map_or("", |evidence| evidence.subject.as_str());
    let message = format!("{named} saw {seen} on {}, and the release is {subject}", newest.node);
    Some(Finding::new(Code::DigestMismatch, message, "release the digest that was seen, or push the right image"))
}
