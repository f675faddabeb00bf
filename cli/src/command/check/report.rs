//! What a local run found, for people and for programs. Pure.

use agent::run::Ran;
use api::result::CheckResult;
use serde::Serialize;

use crate::output::table::{Table, or_dash};
use crate::output::word;

/// A run on this machine.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    result: CheckResult,
    denials: Vec<Denied>,
    log: Vec<String>,
    /// What the guest wrote to standard output and error.
    output: String,
    cpu_ms: f64,
    memory_peak_bytes: u64,
    host_calls: u64,
}

/// What was refused, and the line that would allow it.
#[derive(Debug, Serialize)]
struct Denied {
    capability: String,
    asked: String,
    remedy: String,
}

impl Report {
    pub(super) fn of(ran: Ran) -> Self {
        let none = Self {
            result: ran.result,
            denials: vec![],
            log: vec![],
            output: String::new(),
            cpu_ms: 0.0,
            memory_peak_bytes: 0,
            host_calls: 0,
        };
        let Some(outcome) = ran.outcome else { return none };
        let denials = outcome.denials.into_iter().map(|denial| Denied {
            capability: denial.capability.to_string(),
            asked: denial.subject,
            remedy: denial.remedy,
        });
        Self {
            denials: denials.collect(),
            log: outcome.logs.into_iter().map(|line| line.message).collect(),
            output: outcome.stdio_tail,
            cpu_ms: outcome.usage.cpu.as_secs_f64() * 1e3,
            memory_peak_bytes: outcome.usage.memory_peak_bytes,
            host_calls: outcome.usage.host_calls,
            ..none
        }
    }
}

/// The report as lines.
pub(super) fn text(report: &Report) -> String {
    let result = &report.result;
    let reason = result.reason.map_or(String::new(), |reason| format!("  {}", reason.as_str()));
    let mut text = format!("{}{reason}  {}\n", result.status.as_str().to_uppercase(), result.summary);
    if !result.steps.is_empty() {
        let mut table = Table::new(["STEP", "STATUS", "MS", "SAYS"], "");
        for step in &result.steps {
            table.row([
                step.name.clone(),
                word(step.status),
                format!("{:.1}", step.duration_ms),
                or_dash(step.message.as_ref()),
            ]);
        }
        text.push_str(&format!("\n{table}"));
    }
    for measured in &result.measurements {
        text.push_str(&format!("{} = {} {}\n", measured.name, measured.value, measured.unit));
    }
    for finding in &result.findings {
        let severity = word(finding.severity);
        text.push_str(&format!(
            "{severity}: {} is {}, declared {}\n",
            finding.subject, finding.actual, finding.expected
        ));
    }
    for evidence in &result.evidence {
        text.push_str(&format!("evidence {} of {}\n", evidence.kind, evidence.subject));
    }
    for denied in &report.denials {
        text.push_str(&format!("denied {} {}: {}\n", denied.capability, denied.asked, denied.remedy));
    }
    for line in &report.log {
        text.push_str(&format!("log: {line}\n"));
    }
    if !report.output.is_empty() {
        text.push_str(&format!("output: {}\n", report.output.trim_end()));
    }
    let peak_kib = report.memory_peak_bytes >> 10;
    text + &format!(
        "{:.1} ms, CPU {:.1} ms, memory {peak_kib} KiB, {} host calls\n",
        result.duration_ms, report.cpu_ms, report.host_calls
    )
}
