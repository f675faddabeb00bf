//! Metrics that the agent and the blackbox exporter both have: equal in value, or different as the document says.

use std::collections::{BTreeMap, BTreeSet};

use harness::{misbehave::LATE, real::prometheus::Sample, skip};

use super::{RELABELLING, stage, unavailable};

const DOCUMENT: &str = include_str!("../../../../docs/reference/blackbox.md");

/// Names whose values say what was found, with the labels that belong to it; the others are times.
const FOUND: [(&str, &[&str]); 6] = [
    ("probe_success", &[]),
    ("probe_http_status_code", &[]),
    ("probe_ssl_earliest_cert_expiry", &[]),
    ("probe_ssl_last_chain_expiry_timestamp_seconds", &[]),
    ("probe_ssl_last_chain_info", &["fingerprint_sha256", "subject", "issuer", "subjectalternative"]),
    ("probe_tls_version_info", &["version"]),
];
/// Targets whose TLS no exporter gets past, so that it has nothing to say of their certificate.
const REFUSED_BY_TLS: [&str; 2] = ["unknown-authority", "expired"];
/// What the exporter says of chains when it verified none: the first instant of Go's calendar.
const NO_CHAIN: f64 = -62_135_596_800.0;

/// All of one name by check: the values of some labels, and the value.
type Found = BTreeMap<String, (Vec<String>, f64)>;

fn found(samples: &[Sample], job: &str, name: &str, labels: &[&str]) -> Found {
    let own = samples.iter().filter(|sample| sample.label("job") == job && sample.label("__name__") == name);
    own.map(|sample| {
        let values = labels.iter().map(|label| sample.label(label).to_owned()).collect();
        (sample.label("check").to_owned(), (values, sample.value))
    })
    .collect()
}

/// A phase of a check's requests.
fn phase(samples: &[Sample], job: &str, check: &str, phase: &str) -> Option<f64> {
    let own = samples.iter().find(|sample| {
        sample.label("__name__") == "probe_http_duration_seconds"
            && (sample.label("job"), sample.label("check"), sample.label("phase")) == (job, check, phase)
    });
    own.map(|sample| sample.value)
}

/// The differences that the document has.
fn documented(check: &str, name: &str, ours: Option<&(Vec<String>, f64)>, theirs: Option<&(Vec<String>, f64)>) -> bool {
    let (value, other) = (ours.map(|(_, value)| *value), theirs.map(|(_, value)| *value));
    match name {
        // The exporter was told not to verify, for which there is no way here: see the refusal of the same server.
        _ if check == "unverified" => match name {
            "probe_success" => (value, other) == (Some(0.0), Some(1.0)),
            "probe_http_status_code" => (value, other) == (None, Some(200.0)),
            "probe_ssl_last_chain_expiry_timestamp_seconds" => value.is_none() && other == Some(NO_CHAIN),
            "probe_tls_version_info" => value.is_none() && other.is_some(),
            _ => false,
        },
        // No answer came: absent here, 0 there.
        "probe_http_status_code" => value.is_none() && other == Some(0.0),
        // Facts of a certificate even where it was refused: the exporter has none.
        "probe_ssl_earliest_cert_expiry" | "probe_ssl_last_chain_info" => {
            REFUSED_BY_TLS.contains(&check) && value.is_some() && other.is_none()
        }
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_expose_agrees_or_differs_as_the_document_says() {
    if let Some(why) = unavailable() {
        return skip::because("what_both_expose_agrees_or_differs_as_the_document_says", &why);
    }
    assert!(DOCUMENT.contains(RELABELLING), "the document shows how an agent is scraped");
    let stage = stage().await;
    let samples = stage.prometheus.query("{__name__=~\"probe_.+\"}").await.expect("an answer");

    let names = |job: &str| -> BTreeSet<String> {
        samples.iter().filter(|sample| sample.label("job") == job).map(|s| s.label("__name__").to_owned()).collect()
    };
    let (ours, theirs) = (names("floorwalker"), names("blackbox"));
    for name in ours.union(&theirs) {
        assert!(DOCUMENT.contains(&format!("`{name}`")), "{name} is not in the document");
    }

    for (name, labels) in FOUND {
        assert!(ours.contains(name) && theirs.contains(name), "{name} is on neither side or on one");
        let (ours, theirs) = (found(&samples, "floorwalker", name, labels), found(&samples, "blackbox", name, labels));
        for target in &stage.targets {
            let (own, other) = (ours.get(target.name), theirs.get(target.name));
            let agree = own == other || documented(target.name, name, own, other);
            assert!(agree, "{name} of {}: {own:?} here, {other:?} there", target.name);
        }
    }

    // Times: where a server is late by a known time, both find it, and in the same phase.
    for (check, late) in [("late-head", "processing"), ("late-body", "transfer")] {
        for job in ["floorwalker", "blackbox"] {
            let took = phase(&samples, job, check, late);
            assert!(took.is_some_and(|took| took >= LATE.as_secs_f64()), "{check} {job}: {took:?}");
            let whole = found(&samples, job, "probe_duration_seconds", &[])[check].1;
            assert!(whole >= LATE.as_secs_f64(), "{check} {job}: {whole}");
        }
    }
    // A phase that never ran is 0 there and left out here; and an address has nothing to be resolved. Whoever does not
    // verify gets further.
    for target in stage.targets.iter().filter(|target| target.name != "unverified") {
        for name in ["resolve", "connect", "tls", "processing", "transfer"] {
            let own = phase(&samples, "floorwalker", target.name, name);
            let other = phase(&samples, "blackbox", target.name, name).expect("the exporter has every phase");
            let is_literal = name == "resolve" && target.url.contains("127.0.0.1");
            assert!(own.is_some() || other == 0.0 || is_literal, "{name} of {}: {other} there", target.name);
        }
    }
    stage.stop();
}
