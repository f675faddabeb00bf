//! The gate's answer for people. Pure: from the document to lines.

use api::http::decision::{Answer, Decision, ReasonItem};

use super::table::{Table, or_dash};

/// The gate's answer in a few lines: the sentence first, then what helps.
pub(crate) fn brief(answer: &Answer) -> String {
    let mut text = format!("{}  {}  {}\n", answer.decision.as_str().to_uppercase(), answer.code, answer.reason);
    for reason in &answer.reasons {
        text.push_str(&why(reason, answer));
    }
    let facts = [
        ("next allowed at", answer.next_allowed_at.as_deref()),
        ("closes next at", answer.next_close_at.as_deref().filter(|_| answer.decision == Decision::Allow)),
        ("ticket", answer.ticket.as_deref()),
        ("valid until", answer.valid_until.as_deref().filter(|_| answer.ticket.is_some())),
        ("decision", answer.id.as_deref()),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            text.push_str(&format!("{name:<16} {value}\n"));
        }
    }
    text
}

/// One reason. The headline often is the first one's sentence: it is not said twice.
fn why(reason: &ReasonItem, answer: &Answer) -> String {
    let is_said = reason.code == answer.code && answer.reason.contains(&reason.message);
    let mut text = if is_said { String::new() } else { format!("  {}  {}\n", reason.code, reason.message) };
    let details =
        [("rule", reason.rule.as_deref()), ("until", reason.until.as_deref()), ("to do", Some(reason.remedy.as_str()))];
    for (name, value) in details {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push_str(&format!("    {name:<6} {value}\n"));
        }
    }
    text
}

/// Everything the gate looked at.
pub(crate) fn full(answer: &Answer) -> String {
    let mut text = brief(answer);
    if !answer.requirements.is_empty() {
        let mut table = Table::new(["REQUIRED", "STATE", "SEEN", "TO DO"], "");
        for required in &answer.requirements {
            table.row([
                required.name.clone(),
                super::word(required.state),
                or_dash(required.observed_at.as_ref()),
                or_dash(required.resolution.as_ref()),
            ]);
        }
        text.push_str(&format!("\n{table}"));
    }
    for shadow in &answer.shadow {
        text.push_str(&format!("\nshadow  {}: {}\n", shadow.code, shadow.message));
    }
    text.push_str(&format!(
        "\nevaluated at {}, policy {}, time zones {}\n",
        answer.evaluated_at, answer.policy_version, answer.tzdb
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_says_why_until_when_and_what_to_do() {
        let answer = serde_json::json!({"id": "d1", "decision": "wait", "code": "FROZEN", "reason": "prod is frozen by `peak`",
            "evaluated_at": "t", "next_allowed_at": "2026-12-01T00:00:00+01:00", "requirements": [], "shadow": [],
            "reasons": [
                {"code": "FROZEN", "rule": "peak", "message": "prod is frozen by `peak`", "until": "2026-12-01T00:00:00+01:00", "remedy": "wait"},
                {"code": "CHECK_STALE", "message": "web has not run", "remedy": "look at the node"}],
            "policy_version": "p", "tzdb": "z"});
        let answer: Answer = serde_json::from_value(answer).expect("an answer");
        let wanted = "WAIT  FROZEN  prod is frozen by `peak`\n    rule   peak\n    until  2026-12-01T00:00:00+01:00\n    to do  wait\n  \
            CHECK_STALE  web has not run\n    to do  look at the node\nnext allowed at  2026-12-01T00:00:00+01:00\ndecision         d1\n";
        assert_eq!(brief(&answer), wanted);
    }
}
