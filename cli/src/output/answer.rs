//! The gate's answer for people. Pure: from the document to lines.

use api::http::decision::{Answer, Decision};

/// The gate's answer in a few lines: the sentence first, then what helps.
pub(crate) fn brief(answer: &Answer) -> String {
    let mut text = format!("{}  {}  {}\n", answer.decision.as_str().to_uppercase(), answer.code, answer.reason);
    for reason in &answer.reasons {
        text.push_str(&format!("  {}: {}", reason.code, reason.message));
        if let Some(rule) = &reason.rule {
            text.push_str(&format!(" (rule {rule})"));
        }
        text.push('\n');
        if let Some(until) = &reason.until {
            text.push_str(&format!("    until {until}\n"));
        }
        if !reason.remedy.is_empty() {
            text.push_str(&format!("    {}\n", reason.remedy));
        }
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

/// Everything the gate looked at.
pub(crate) fn full(answer: &Answer) -> String {
    let mut text = brief(answer);
    if !answer.requirements.is_empty() {
        let mut table = super::table::Table::new(["REQUIRED", "STATE", "SEEN", "TO DO"], "");
        for required in &answer.requirements {
            let state = serde_json::to_value(required.state).ok().and_then(|state| state.as_str().map(str::to_owned));
            table.row([
                required.name.clone(),
                super::table::or_dash(state),
                super::table::or_dash(required.observed_at.as_ref()),
                super::table::or_dash(required.resolution.as_ref()),
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
