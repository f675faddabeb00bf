//! What a plugin judged of its target, built up as it goes: status, reason, summary, and the details that travel as
//! JSON. Returned by `Check::run`. The prober's own trouble is no verdict: that is `CheckError`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::reason::Reason;

/// Bytes of a summary, as the contract has it. The host cuts there too; here the cut falls between characters.
const SUMMARY_BYTES_MAX: usize = 1024;

/// The target's statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The target is as it should be.
    Pass,
    /// Passing, and a person should look.
    Warn,
    /// The target is broken.
    Fail,
}

impl Status {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// A number with its unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// Name, such as `certificate_days_left`.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Unit: `s`, `ms`, `bytes`, `days`, or a count's noun.
    pub unit: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// To know.
    Info,
    /// To look at.
    Warning,
    /// To act on.
    Critical,
}

/// Declared against live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about, such as `sysctl:net.ipv4.ip_forward`.
    pub subject: String,
    /// Declared.
    pub expected: String,
    /// Live.
    pub actual: String,
    /// How bad.
    pub severity: Severity,
}

/// A fact about a subject that a release policy may ask for. The host adds when it was seen: the run's instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Kind, such as `image-digest`.
    pub kind: String,
    /// What it is about: a `sha256:` digest.
    pub subject: String,
    /// What else is known.
    pub attributes: BTreeMap<String, String>,
}

impl Evidence {
    /// Evidence without attributes.
    pub fn new(kind: &str, subject: &str) -> Self {
        Self { kind: kind.to_owned(), subject: subject.to_owned(), attributes: BTreeMap::new() }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// What the plugin judged of its target.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The status.
    pub status: Status,
    /// Why; absent when passing.
    pub reason: Option<Reason>,
    /// One line for a person.
    pub summary: String,
    /// Numbers.
    pub measurements: Vec<Measurement>,
    /// Drift and violations.
    pub findings: Vec<Finding>,
    /// Facts for a gate.
    pub evidence: Vec<Evidence>,
}

impl Verdict {
    /// The target is as it should be.
    pub fn pass(summary: impl Into<String>) -> Self {
        Self::new(Status::Pass, None, summary.into())
    }

    /// The target passes, and a person should look.
    pub fn warn(reason: Reason, summary: impl Into<String>) -> Self {
        Self::new(Status::Warn, Some(reason), summary.into())
    }

    /// The target is broken.
    pub fn fail(reason: Reason, summary: impl Into<String>) -> Self {
        Self::new(Status::Fail, Some(reason), summary.into())
    }

    fn new(status: Status, reason: Option<Reason>, summary: String) -> Self {
        let (measurements, findings, evidence) = (Vec::new(), Vec::new(), Vec::new());
        Self { status, reason, summary, measurements, findings, evidence }
    }

    /// Adds a number.
    #[must_use]
    pub fn measure(mut self, name: &str, value: f64, unit: &str) -> Self {
        self.measurements.push(Measurement { name: name.to_owned(), value, unit: unit.to_owned() });
        self
    }

    /// Adds a finding.
    #[must_use]
    pub fn finding(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// Adds evidence.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// The summary within its limit.
    pub(crate) fn summary_cut(&self) -> &str {
        &self.summary[..self.summary.floor_char_boundary(SUMMARY_BYTES_MAX)]
    }

    /// The details as the contract has them: a JSON object of what is there, or nothing.
    pub(crate) fn details(&self) -> String {
        let mut details = serde_json::Map::new();
        let mut add = |name: &str, list: serde_json::Value| {
            if list.as_array().is_some_and(|items| !items.is_empty()) {
                details.insert(name.to_owned(), list);
            }
        };
        add("measurements", serde_json::json!(self.measurements));
        add("findings", serde_json::json!(self.findings));
        add("evidence", serde_json::json!(self.evidence));
        if details.is_empty() { String::new() } else { serde_json::Value::Object(details).to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Finding, Severity, Verdict};
    use crate::reason::Reason;

    #[test]
    fn a_bare_verdict_has_no_details() {
        assert_eq!(Verdict::pass("fine").details(), "");
    }

    #[test]
    fn details_are_what_the_contract_says() {
        let finding = Finding {
            subject: "sysctl:vm.swappiness".into(),
            expected: "10".into(),
            actual: "60".into(),
            severity: Severity::Critical,
        };
        let verdict = Verdict::fail(Reason::DriftDetected, "1 subject differs")
            .measure("subjects", 3.0, "subjects")
            .finding(finding)
            .evidence(Evidence::new("image-digest", "sha256:00").attribute("tag", "1.2"));
        let details: serde_json::Value = serde_json::from_str(&verdict.details()).expect("details are JSON");
        assert_eq!(
            details,
            serde_json::json!({
                "measurements": [{"name": "subjects", "value": 3.0, "unit": "subjects"}],
                "findings": [
                    {"subject": "sysctl:vm.swappiness", "expected": "10", "actual": "60", "severity": "critical"}
                ],
                "evidence": [{"kind": "image-digest", "subject": "sha256:00", "attributes": {"tag": "1.2"}}],
            })
        );
    }

    #[test]
    fn a_long_summary_is_cut_between_characters() {
        let verdict = Verdict::pass(format!("a{}", "ä".repeat(600)));
        assert_eq!(verdict.summary_cut().len(), 1023);
    }
}
