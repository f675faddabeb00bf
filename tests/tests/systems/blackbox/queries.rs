//! Queries of published dashboards and alerts for the blackbox exporter, asked of an agent's metrics.

use std::time::Duration;

use harness::{skip, until::until};

use super::{Stage, origin, stage, unavailable};

/// Queries over a minute need a minute's worth of scrapes at most; most need one.
const DATA_MAX: Duration = Duration::from_secs(90);

/// Grafana 11529, "Blackbox Exporter Quick Overview": every query it has.
const QUICK_OVERVIEW: [&str; 5] = [
    "probe_success{JOB}",
    "probe_success{JOB,instance=\"INSTANCE\"}",
    "probe_dns_lookup_time_seconds{JOB}",
    "probe_ssl_earliest_cert_expiry{JOB}-time()",
    "probe_duration_seconds{JOB}",
];
/// Grafana 7587, "Prometheus Blackbox Exporter": all but the two below.
const PROMETHEUS_BLACKBOX: [&str; 7] = [
    "probe_duration_seconds{JOB,instance=~\"INSTANCE\"}",
    "probe_success{JOB,instance=~\"INSTANCE\"}",
    "probe_http_duration_seconds{JOB,instance=~\"INSTANCE\"}",
    "probe_http_status_code{JOB,instance=~\"INSTANCE\"}",
    "probe_ssl_earliest_cert_expiry{JOB,instance=~\"INSTANCE\"} - time()",
    "avg(probe_duration_seconds{JOB,instance=~\"INSTANCE\"})",
    "avg(probe_dns_lookup_time_seconds{JOB,instance=~\"INSTANCE\"})",
];
/// Its two panels that stay empty, as the document says.
const EMPTY: [&str; 2] =
    ["probe_http_version{JOB,instance=~\"INSTANCE\"}", "probe_http_ssl{JOB,instance=~\"INSTANCE\"}"];
/// Of the dashboard of blackbox-exporter-mixin: what its shapes add to those above.
const MIXIN: [&str; 6] = [
    "max by (instance) (probe_success{JOB})",
    "(count(probe_success{JOB} == 1) OR vector(0)) / count(probe_success{JOB})",
    "avg_over_time(probe_success{JOB,instance=~\"INSTANCE\"}[30d])",
    "max by (instance,version) (probe_tls_version_info{JOB,instance=~\"INSTANCE\"})",
    "min by (instance) (probe_ssl_earliest_cert_expiry{JOB,instance=~\"INSTANCE\"} - time())",
    "sum(probe_http_duration_seconds{JOB,instance=~\"INSTANCE\"}) by (instance)",
];

/// Every check whose run does not pass.
const FAILING: [&str; 7] = ["expired", "missing", "redirect", "refused", "silent", "unknown-authority", "unverified"];

/// Rules of Awesome Prometheus Alerts and of blackbox-exporter-mixin on what was found, and the checks they fire for.
const ALERTS: [(&str, &str, &[&str]); 8] = [
    ("BlackboxProbeFailed", "probe_success{JOB} == 0", &FAILING),
    (
        "BlackboxProbeHttpFailure",
        "probe_http_status_code{JOB} <= 199 OR probe_http_status_code{JOB} >= 400",
        &["missing"],
    ),
    (
        "BlackboxSslCertificateWillExpireSoon",
        "probe_ssl_earliest_cert_expiry{JOB} - time() < 86400 * 30",
        &["expired", "tls"],
    ),
    (
        "BlackboxSslCertificateWillExpireSoon (mixin)",
        "probe_ssl_earliest_cert_expiry{JOB} - time() < 21 * 24 * 3600 and probe_ssl_earliest_cert_expiry{JOB} - time() > 0",
        &["tls"],
    ),
    ("BlackboxSslCertificateExpired", "probe_ssl_earliest_cert_expiry{JOB} - time() <= 0", &["expired"]),
    (
        "BlackboxSslCertificateWillExpireSoon (in days)",
        "3 <= round((last_over_time(probe_ssl_earliest_cert_expiry{JOB}[10m]) - time()) / 86400, 0.1) < 20",
        &["tls"],
    ),
    (
        "BlackboxSslCertificateExpired (in days)",
        "round((last_over_time(probe_ssl_earliest_cert_expiry{JOB}[10m]) - time()) / 86400, 0.1) < 0",
        &["expired"],
    ),
    ("BlackboxLowUptime30d", "avg_over_time(probe_success{JOB}[30d]) * 100 < 99.9", &FAILING),
];

/// Their rules on times. They fire for these checks; on a machine that is busy, for others too.
const SLOW_ALERTS: [(&str, &str, &[&str]); 2] = [
    ("BlackboxSlowProbe", "avg_over_time(probe_duration_seconds{JOB}[1m]) > 1", &["late-body", "late-head", "silent"]),
    ("BlackboxProbeSlowHttp", "avg_over_time(probe_http_duration_seconds{JOB}[1m]) > 1", &["late-body", "late-head"]),
];

/// A query on the agent's job, with the server over TLS as the chosen instance.
fn asked(stage: &Stage, query: &str) -> String {
    query.replace("JOB", "job=\"floorwalker\"").replace("INSTANCE", &origin(stage.url("tls")))
}

#[tokio::test(flavor = "multi_thread")]
async fn published_dashboards_and_alerts_have_data() {
    if let Some(why) = unavailable() {
        return skip::because("published_dashboards_and_alerts_have_data", &why);
    }
    let stage = stage().await;
    for query in QUICK_OVERVIEW.iter().chain(&PROMETHEUS_BLACKBOX).chain(&MIXIN) {
        let promql = asked(&stage, query);
        let data = until(DATA_MAX, &promql, async || {
            let data = stage.prometheus.query(&promql).await?;
            Ok(data.iter().any(|sample| sample.value.is_finite()).then_some(()))
        });
        data.await.expect("data");
    }
    for query in EMPTY {
        assert_eq!(stage.prometheus.query(&asked(&stage, query)).await.expect("an answer"), [], "{query}");
    }
    for (name, rule, checks) in ALERTS {
        fires(&stage, name, rule, |fired| fired == checks).await;
    }
    for (name, rule, checks) in SLOW_ALERTS {
        fires(&stage, name, rule, |fired| checks.iter().all(|check| fired.contains(check))).await;
    }
    stage.stop();
}

/// Waits until a rule fires for the checks it should.
async fn fires(stage: &Stage, name: &str, rule: &str, is_right: impl Fn(&[&str]) -> bool) {
    let promql = asked(stage, rule);
    let mut last = Vec::new();
    let fires = until(DATA_MAX, name, async || {
        last = stage.prometheus.query(&promql).await?;
        let mut fired: Vec<&str> = last.iter().map(|sample| sample.label("check")).collect();
        fired.sort_unstable();
        fired.dedup();
        Ok(is_right(&fired).then_some(()))
    });
    if let Err(error) = fires.await {
        panic!("{error:#}: {last:?}");
    }
}
