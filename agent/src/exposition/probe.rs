//! The last run of a check as series, named as the blackbox exporter names them, so that dashboards and alerts made for
//! it work. At most 16 series per check: a phase that never ran is left out. Pure; `Exposition` keeps the rows.

use std::collections::BTreeMap;
use std::time::Duration;

use api::frame::Assignment;
use api::result::{CheckResult, Reason};
use host::Outcome;
use host::outcome::{CertificateReport, RequestReport, TlsReport};
use prometheus::proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType};

use crate::judge::problem::Open;

/// Every name and its help, in the order of a page.
pub(super) const NAMES: [(&str, &str); 12] = [
    ("probe_success", "Whether the last run passed."),
    ("probe_duration_seconds", "How long the last run took."),
    ("probe_timeout_seconds", "How long a run may take."),
    ("probe_failure_info", "Why the last run did not pass."),
    ("probe_http_duration_seconds", "Phases of the last run's HTTP requests, summed."),
    ("probe_http_status_code", "Status of the last HTTP response."),
    ("probe_dns_lookup_time_seconds", "Name resolution of the last run, summed."),
    ("probe_ssl_earliest_cert_expiry", "When the first certificate presented expires."),
    ("probe_ssl_last_chain_expiry_timestamp_seconds", "When the last verified chain expires."),
    ("probe_ssl_last_chain_info", "The certificate presented last."),
    ("probe_tls_version_info", "TLS version of the last connection."),
    ("problem_gauge", "Whether the check's problem is open."),
];

/// Labels and value of a series.
type Sample = (Vec<(&'static str, String)>, f64);

/// What is shown of a check.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) labels: [(&'static str, String); 4],
    pub(super) samples: BTreeMap<&'static str, Vec<Sample>>,
    pub(super) problem: Option<Open>,
}

// === impl Row ===

impl Row {
    pub(super) fn new(assignment: &Assignment, result: &CheckResult, outcome: Option<&Outcome>) -> Self {
        let mut samples = BTreeMap::new();
        let mut put = |name, labels: Vec<(&'static str, String)>, value: f64| {
            samples.entry(name).or_insert_with(Vec::new).push((labels, value));
        };
        put("probe_success", vec![], f64::from(u8::from(result.status.passes())));
        put("probe_duration_seconds", vec![], result.duration_ms / 1_000.0);
        put("probe_timeout_seconds", vec![], Duration::from_millis(assignment.timeout_ms).as_secs_f64());
        if !result.status.passes() {
            let reason = result.reason.unwrap_or(Reason::Other).as_str();
            put("probe_failure_info", vec![("reason", reason.to_owned())], 1.0);
        }
        if let Some(outcome) = outcome {
            network(&outcome.requests, &mut put);
        }
        let text = |name: Option<&str>| name.unwrap_or_default().to_owned();
        let labels = [
            ("tenant", text(assignment.tenant.as_ref().map(|tenant| tenant.as_str()))),
            ("namespace", text(assignment.namespace.as_ref().map(|namespace| namespace.as_str()))),
            ("check", assignment.name.to_string()),
            ("target", assignment.target.clone()),
        ];
        Self { labels, samples, problem: None }
    }

    fn samples_of(&self, name: &str) -> Vec<Sample> {
        match (name, &self.problem) {
            ("problem_gauge", Some(open)) => {
                vec![(vec![("type", open.layer.to_owned()), ("reason", open.reason.to_owned())], 1.0)]
            }
            _ => self.samples.get(name).cloned().unwrap_or_default(),
        }
    }
}

fn network(requests: &[RequestReport], put: &mut impl FnMut(&'static str, Vec<(&'static str, String)>, f64)) {
    let sum = |phase: fn(&RequestReport) -> Option<Duration>| requests.iter().filter_map(phase).reduce(|a, b| a + b);
    let phases = [
        ("resolve", sum(|request| request.phases.resolve)),
        ("connect", sum(|request| request.phases.connect)),
        ("tls", sum(|request| request.phases.tls)),
        ("processing", sum(|request| request.phases.processing)),
        ("transfer", sum(|request| request.phases.transfer)),
    ];
    for (phase, took) in phases {
        if let Some(took) = took {
            put("probe_http_duration_seconds", vec![("phase", phase.to_owned())], took.as_secs_f64());
        }
    }
    if let Some(resolve) = phases[0].1 {
        put("probe_dns_lookup_time_seconds", vec![], resolve.as_secs_f64());
    }
    if let Some(status) = requests.iter().rev().find_map(|request| request.status) {
        put("probe_http_status_code", vec![], f64::from(status));
    }
    let connections = || requests.iter().filter_map(|request| request.tls.as_ref());
    let certificates = || connections().filter_map(|tls| tls.certificate.as_ref());
    if let Some(earliest_s) = certificates().map(|certificate| certificate.chain_not_after_s).min() {
        put("probe_ssl_earliest_cert_expiry", vec![], seconds(earliest_s));
    }
    let mut verified = connections().filter(|tls| tls.verified).filter_map(|tls: &TlsReport| tls.certificate.as_ref());
    if let Some(last) = verified.next_back() {
        put("probe_ssl_last_chain_expiry_timestamp_seconds", vec![], seconds(last.chain_not_after_s));
    }
    if let Some(last) = certificates().next_back() {
        put("probe_ssl_last_chain_info", chain_labels(last), 1.0);
    }
    if let Some(version) = connections().filter_map(|tls| tls.version.as_deref()).next_back() {
        put("probe_tls_version_info", vec![("version", version.replace("TLSv", "TLS "))], 1.0);
    }
}

fn chain_labels(certificate: &CertificateReport) -> Vec<(&'static str, String)> {
    vec![
        ("fingerprint_sha256", certificate.fingerprint_sha256.clone()),
        ("subject", certificate.subject.clone()),
        ("issuer", certificate.issuer.clone()),
        ("subjectalternative", certificate.subject_alternatives.join(",")),
        ("serialnumber", certificate.serial.clone()),
    ]
}

/// Seconds since 1970 are exact in a double for the next 285 million years.
fn seconds(at_s: i64) -> f64 {
    at_s as f64
}

/// The families of all rows; those without a series are left out.
pub(super) fn families<'r>(rows: impl Iterator<Item = &'r Row> + Clone) -> Vec<MetricFamily> {
    let family = |(name, help): (&str, &str)| {
        let metrics = rows.clone().flat_map(|row| row.samples_of(name).into_iter().map(|sample| metric(row, sample)));
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(MetricType::GAUGE);
        family.set_metric(metrics.collect());
        family
    };
    NAMES.into_iter().map(family).filter(|family| !family.get_metric().is_empty()).collect()
}

fn metric(row: &Row, (own, value): Sample) -> Metric {
    let pair = |(name, value): (&str, String)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value);
        pair
    };
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = Metric::from_gauge(gauge);
    metric.set_label(row.labels.iter().cloned().chain(own).map(pair).collect());
    metric
}

#[cfg(test)]
mod tests {
    use api::result::Status;
    use host::End;
    use host::outcome::Phases;

    use super::*;
    use crate::testing::{assignment, outcome, result};

    fn request() -> RequestReport {
        let ms = |ms| Some(Duration::from_millis(ms));
        let certificate = CertificateReport {
            subject: "CN=shop".into(),
            issuer: "CN=ca".into(),
            fingerprint_sha256: "00".into(),
            serial: "01".into(),
            subject_alternatives: vec!["shop".into()],
            not_before_s: 0,
            not_after_s: 9_000,
            days_left: 1,
            chain_not_after_s: 8_000,
        };
        RequestReport {
            method: "GET".into(),
            origin: "https://shop:443".into(),
            step: None,
            status: Some(503),
            version: None,
            phases: Phases { resolve: ms(1), connect: ms(2), tls: ms(3), processing: ms(4), transfer: ms(5) },
            body_bytes: 0,
            error: None,
            tls: Some(TlsReport { version: Some("TLSv1.3".into()), certificate: Some(certificate), verified: true }),
        }
    }

    fn row(requests: Vec<RequestReport>) -> Row {
        let outcome = Outcome { requests, ..outcome(End::CleanedUp) };
        Row::new(&assignment("checkout"), &result(Status::Fail, Some(Reason::HttpStatus)), Some(&outcome))
    }

    fn series(row: &Row) -> usize {
        families(std::iter::once(row)).iter().map(|family| family.get_metric().len()).sum()
    }

    #[test]
    fn a_check_has_sixteen_series_at_most() {
        let open = Open { layer: "business", reason: "http-status" };
        assert_eq!(series(&Row { problem: Some(open), ..row(vec![request(), request()]) }), 16);
    }

    #[test]
    fn phases_are_summed_and_what_never_ran_is_left_out() {
        let cold = RequestReport { phases: Phases::default(), tls: None, status: None, ..request() };
        assert_eq!(series(&row(vec![cold])), 4);
        let two = row(vec![request(), request()]);
        let transfer = two.samples["probe_http_duration_seconds"].last().expect("five phases");
        assert_eq!(transfer, &(vec![("phase", "transfer".to_owned())], 0.010));
        assert_eq!(two.samples["probe_tls_version_info"][0].0, [("version", "TLS 1.3".to_owned())]);
    }
}
