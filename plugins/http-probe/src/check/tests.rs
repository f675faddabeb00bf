//! The judgement by examples.

use floorwalker_sdk::host::http::{Certificate, Details, Phases, Response};
use floorwalker_sdk::{Reason, Status, Verdict};
use serde_json::{Value, json};

use super::Expected;
use crate::HttpProbe;

fn judge(config: Value, answer: &Response) -> Verdict {
    let mut fields = json!({"url": "https://shop.example/"});
    let more = config.as_object().expect("an object of fields");
    fields.as_object_mut().expect("an object").extend(more.clone());
    let probe: HttpProbe = serde_json::from_value(fields).expect("a valid config");
    Expected::new(&probe).expect("a config that can be judged").judge(answer)
}

fn said(config: Value, answer: &Response) -> (Status, Option<Reason>) {
    let verdict = judge(config, answer);
    (verdict.status, verdict.reason)
}

fn answer(status: u16) -> Response {
    let phases = Phases { connect: Some(40.0), processing: Some(100.0), transfer: Some(10.0), ..Phases::default() };
    let certificate = Certificate { days_left: 20, ..Certificate::default() };
    let url = "https://shop.example/".to_owned();
    let details = Details { url, phases, certificate: Some(certificate), ..Details::default() };
    Response { status, body: b"<h1>Welcome, order 12</h1>".to_vec(), details, ..Response::default() }
}

fn redirect(status: u16, location: &str) -> Response {
    Response { headers: vec![("location".to_owned(), location.to_owned())], ..answer(status) }
}

const PASS: (Status, Option<Reason>) = (Status::Pass, None);

fn fail(reason: Reason) -> (Status, Option<Reason>) {
    (Status::Fail, Some(reason))
}

fn warn(reason: Reason) -> (Status, Option<Reason>) {
    (Status::Warn, Some(reason))
}

#[test]
fn status_is_one_of_those_listed() {
    assert_eq!(said(json!({}), &answer(200)), PASS);
    assert_eq!(said(json!({"status": [200, 204]}), &answer(204)), PASS);
    assert_eq!(said(json!({}), &answer(204)), fail(Reason::HttpStatus));
    assert_eq!(judge(json!({}), &answer(503)).summary, "https://shop.example/ answered 503, expected 200");
}

#[test]
fn the_body_contains_and_matches() {
    assert_eq!(said(json!({"body": {"contains": "Welcome", "matches": r"order \d+"}}), &answer(200)), PASS);
    assert_eq!(said(json!({"body": {"contains": "Sorry"}}), &answer(200)), fail(Reason::BodyMismatch));
    assert_eq!(said(json!({"body": {"matches": r"order \d{3}"}}), &answer(200)), fail(Reason::BodyMismatch));
    let cut = Response { truncated: true, ..answer(200) };
    let verdict = judge(json!({"body": {"contains": "Sorry"}}), &cut);
    assert!(verdict.summary.ends_with("(looked at 26 bytes, it is longer)"), "{}", verdict.summary);
}

#[test]
fn latency_warns_then_fails() {
    assert_eq!(said(json!({"latencyMs": {"warn": 150, "fail": 500}}), &answer(200)), PASS);
    assert_eq!(said(json!({"latencyMs": {"warn": 149, "fail": 500}}), &answer(200)), warn(Reason::LatencyExceeded));
    assert_eq!(said(json!({"latencyMs": {"fail": 149}}), &answer(200)), fail(Reason::LatencyExceeded));
}

#[test]
fn certificate_days_warn_then_fail() {
    assert_eq!(said(json!({"certificateDays": {"warn": 20, "fail": 7}}), &answer(200)), PASS);
    assert_eq!(said(json!({"certificateDays": {"warn": 21, "fail": 7}}), &answer(200)), warn(Reason::TlsExpired));
    assert_eq!(said(json!({"certificateDays": {"fail": 21}}), &answer(200)), fail(Reason::TlsExpired));
}

#[test]
fn what_fails_is_said_before_what_warns() {
    let config = json!({"latencyMs": {"warn": 1}, "certificateDays": {"fail": 30}});
    assert_eq!(said(config, &answer(200)), fail(Reason::TlsExpired));
}

#[test]
fn a_redirect_is_an_answer_unless_one_is_expected() {
    let to_login = redirect(302, "/web/login");
    assert_eq!(said(json!({}), &to_login), fail(Reason::HttpStatus));
    assert_eq!(said(json!({"redirects": "refuse", "status": [302]}), &to_login), PASS);
    assert_eq!(said(json!({"redirects": {"expect": "/web/login"}}), &to_login), PASS);
    assert_eq!(said(json!({"redirects": {"expect": "/shop"}}), &to_login), fail(Reason::AssertionFailed));
    assert_eq!(said(json!({"redirects": {"expect": "/shop"}}), &answer(200)), fail(Reason::HttpStatus));
}

#[test]
fn what_was_measured_is_said_with_its_unit() {
    let verdict = judge(json!({}), &answer(200));
    let said: Vec<(&str, f64, &str)> =
        verdict.measurements.iter().map(|m| (m.name.as_str(), m.value, m.unit.as_str())).collect();
    assert_eq!(said, [("response_time", 150.0, "ms"), ("certificate_days_left", 20.0, "days")]);
}
