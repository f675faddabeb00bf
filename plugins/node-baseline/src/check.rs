//! Declared against live: what differs is drift, what could not be read is unknown. Called by `lib`; pure.

use floorwalker_sdk::{Finding, Judgement, Reason, Severity, Stop, Verdict};

use crate::Kernel;

/// Characters of a live value that a finding repeats.
const ACTUAL_MAX: usize = 256;

/// One subject and what is declared of it.
pub(crate) struct Look {
    pub(crate) subject: String,
    pub(crate) expected: Expected,
}

/// What is declared.
pub(crate) enum Expected {
    Kernel(Kernel),
    Sysctl { path: String, value: String },
    File { path: String, sha256: String },
}

/// What was seen.
pub(crate) enum Reading {
    Live(String),
    /// It is not there.
    Absent,
    /// Why it could not be read.
    Unknown(String),
}

impl Look {
    pub(crate) fn new(subject: &str, expected: Expected) -> Self {
        Self { subject: subject.to_owned(), expected }
    }
}

impl Expected {
    fn holds(&self, live: &str) -> bool {
        match self {
            Self::Kernel(Kernel::Exact(release)) => live == release,
            Self::Kernel(Kernel::Prefix(prefix)) => live.starts_with(prefix),
            Self::Kernel(Kernel::Min(least)) => numbers(live) >= numbers(least),
            // The kernel parts lists by tabs or blanks as it likes, and ends with a line.
            Self::Sysctl { value, .. } => live.split_whitespace().eq(value.split_whitespace()),
            Self::File { sha256, .. } => live.eq_ignore_ascii_case(sha256),
        }
    }

    fn said(&self) -> String {
        match self {
            Self::Kernel(Kernel::Exact(release)) => release.clone(),
            Self::Kernel(Kernel::Prefix(prefix)) => format!("{prefix}*"),
            Self::Kernel(Kernel::Min(least)) => format!("{least} or newer"),
            Self::Sysctl { value, .. } => value.clone(),
            Self::File { sha256, .. } => sha256.clone(),
        }
    }
}

/// The numbers a release begins with, in order: `6.1.0-18-amd64` is 6, 1, 0, 18, and `6.12.10+deb` is 6, 12, 10.
/// What follows the first word is the architecture's or the distribution's, and has no order.
fn numbers(release: &str) -> Vec<u64> {
    let leading = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    release.split(['.', '-']).map_while(leading).collect()
}

/// Drift fails; without drift, something unknown warns. When nothing could be read, nothing is judged.
pub(crate) fn judge(readings: &[(Reading, Look)]) -> Judgement {
    let mut drifted = Vec::new();
    let mut unknown = Vec::new();
    for (reading, look) in readings {
        match reading {
            Reading::Live(live) if look.expected.holds(live) => {}
            Reading::Live(live) => drifted.push(finding(look, live.trim(), Severity::Critical)),
            Reading::Absent => drifted.push(finding(look, "absent", Severity::Critical)),
            Reading::Unknown(why) => unknown.push(finding(look, &format!("unknown: {why}"), Severity::Warning)),
        }
    }
    let verdict = match (drifted.first(), unknown.first()) {
        (Some(first), _) => Verdict::fail(Reason::DriftDetected, said(&drifted, first, "differs", "differ")),
        (None, Some(first)) if unknown.len() == readings.len() => {
            return Err(Stop::error(Reason::EvidenceMissing, said(&unknown, first, "is unknown", "are unknown")));
        }
        (None, Some(first)) => {
            Verdict::warn(Reason::EvidenceMissing, said(&unknown, first, "is unknown", "are unknown"))
        }
        (None, None) => Verdict::pass(format!("{} as declared", counted(readings.len(), "is", "are"))),
    };
    let verdict = verdict.measure("drifted", count(drifted.len()), "subjects");
    let verdict = verdict.measure("unknown", count(unknown.len()), "subjects");
    Ok(drifted.into_iter().chain(unknown).fold(verdict, Verdict::finding))
}

fn finding(look: &Look, actual: &str, severity: Severity) -> Finding {
    let actual = actual.chars().take(ACTUAL_MAX).collect();
    Finding { subject: look.subject.clone(), expected: look.expected.said(), actual, severity }
}

fn said(findings: &[Finding], first: &Finding, one: &str, many: &str) -> String {
    let counted = counted(findings.len(), one, many);
    format!("{counted}: {} is {:?}, expected {:?}", first.subject, first.actual, first.expected)
}

fn counted(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 subject {one}") } else { format!("{number} subjects {many}") }
}

/// A few hundred subjects at most: exact in f64.
fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use floorwalker_sdk::{Reason, Severity, Status};

    use super::{Expected, Look, Reading, judge};
    use crate::Kernel;

    fn kernel(expected: Kernel, live: &str) -> Status {
        let look = Look::new("kernel", Expected::Kernel(expected));
        judge(&[(Reading::Live(live.to_owned()), look)]).expect("it was read").status
    }

    #[test]
    fn a_kernel_is_exact_or_begins_or_is_at_least() {
        let live = "6.1.0-18-amd64";
        assert_eq!(kernel(Kernel::Exact(live.into()), live), Status::Pass);
        assert_eq!(kernel(Kernel::Exact("6.1.0-17-amd64".into()), live), Status::Fail);
        assert_eq!(kernel(Kernel::Prefix("6.1.".into()), live), Status::Pass);
        assert_eq!(kernel(Kernel::Prefix("6.10.".into()), live), Status::Fail);
        assert_eq!(kernel(Kernel::Min("5.15".into()), live), Status::Pass);
        assert_eq!(kernel(Kernel::Min("6.1.0-18".into()), live), Status::Pass);
        assert_eq!(kernel(Kernel::Min("6.1.0-9".into()), live), Status::Pass);
        assert_eq!(kernel(Kernel::Min("6.1.0-19".into()), live), Status::Fail);
        assert_eq!(kernel(Kernel::Min("6.10".into()), live), Status::Fail);
    }

    #[test]
    fn drift_is_said_before_what_is_unknown() {
        let sysctl = |name: &str| {
            let expected = Expected::Sysctl { path: String::new(), value: "10".to_owned() };
            Look::new(&format!("sysctl:{name}"), expected)
        };
        let verdict = judge(&[
            (Reading::Unknown("gone".to_owned()), sysctl("vm.max_map_count")),
            (Reading::Live("60\n".to_owned()), sysctl("vm.swappiness")),
        ])
        .expect("one was read");
        assert_eq!((verdict.status, verdict.reason), (Status::Fail, Some(Reason::DriftDetected)));
        assert_eq!(verdict.summary, "1 subject differs: sysctl:vm.swappiness is \"60\", expected \"10\"");
        let severities: Vec<Severity> = verdict.findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Critical, Severity::Warning]);
    }
}
