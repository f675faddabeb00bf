//! From an evaluation to the document of the contract: instants become text in the tenant's zone. Called by the gate;
//! it decides nothing.

use api::http::decision::{Answer, Ask, ReasonItem, Requirement};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use policy::freeze::zone::render;
use policy::{Evaluation, Finding};
use sha2::{Digest as _, Sha256};

/// The answer, without id, ticket and address.
pub fn document(evaluation: &Evaluation, at: Timestamp, zone: &TimeZone) -> Answer {
    let local = |at: Option<Timestamp>| at.map(|at| render(at, zone));
    Answer {
        id: None,
        decision: evaluation.decision,
        code: evaluation.code.to_owned(),
        reason: evaluation.reason.clone(),
        evaluated_at: at.to_string(),
        valid_until: evaluation.valid_until.map(|at| at.to_string()),
        next_allowed_at: local(evaluation.next_allowed_at),
        next_close_at: local(evaluation.next_close_at),
        retry_after_s: evaluation.retry_after.map(|after| after.as_secs()),
        reasons: evaluation.reasons.iter().map(|finding| reason(finding, zone)).collect(),
        requirements: evaluation.requirements.iter().map(requirement).collect(),
        shadow: evaluation.shadow.iter().map(|finding| reason(finding, zone)).collect(),
        policy_version: evaluation.policy_version.clone(),
        tzdb: policy::tzdb_version().to_owned(),
        ticket: None,
        url: None,
    }
}

/// Gives the answer its id, and where to read it again.
pub fn name(answer: &mut Answer, id: &str, public_url: &str) {
    answer.id = Some(id.to_owned());
    answer.url = Some(format!("{public_url}/v1/decisions/{id}"));
}

/// Equal for the same question of the same principal with the same answer, whenever it was: instants do not count.
pub fn sameness(actor: &str, question: &Ask, answer: &Answer) -> [u8; 32] {
    let reasons: Vec<_> = answer.reasons.iter().map(|it| (&it.code, &it.rule, &it.rule_version, &it.message)).collect();
    let same = (actor, question, answer.decision, &answer.code, reasons, &answer.policy_version);
    let bytes = serde_json::to_vec(&same).expect("questions and reasons have string keys alone");
    Sha256::digest(bytes).into()
}

fn reason(finding: &Finding, zone: &TimeZone) -> ReasonItem {
    let rule = finding.rule.as_ref();
    ReasonItem {
        code: finding.code.as_str().to_owned(),
        rule: rule.map(|rule| rule.name.clone()),
        rule_version: rule.map(|rule| rule.version.clone()).filter(|version| !version.is_empty()),
        message: finding.message.clone(),
        until: finding.until.map(|at| render(at, zone)),
        remedy: finding.remedy.clone(),
        layer: finding.layer,
    }
}

fn requirement(required: &policy::Requirement) -> Requirement {
    Requirement {
        kind: "check".to_owned(),
        name: required.name.clone(),
        state: required.state,
        observed_at: required.observed_at.map(|at| at.to_string()),
        resolution: required.resolution.clone(),
        layer: required.layer,
    }
}
