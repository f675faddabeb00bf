//! The agents' routes: assignments, components, leases, frames.

use std::time::Duration;

use api::frame::{
    Ack, Assignments, Body as RecordBody, Conflict, Epoch, Frame, LeaseAnswer, LeaseRequest, LedgerNote, LedgerState,
    Problem, Record, RejectedCode, RollUp, Transition, chain, codec,
};
use api::http::token::Role;
use api::id::{CheckId, Digest, RunId};
use api::result::{CheckResult, Reason, Status};
use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::stand::{Answer, Stand};
use crate::placement::plan::tests::{agent, check_id};
use crate::store::lease::StoredLease;

fn get(path: &str, etag: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().uri(path);
    if let Some(etag) = etag {
        request = request.header("if-none-match", format!("\"{etag}\""));
    }
    request.body(Body::empty()).expect("a request")
}

fn post(path: &str, body: Vec<u8>) -> Request<Body> {
    Request::builder().method("POST").uri(path).body(Body::from(body)).expect("a request")
}

fn frame(records: Vec<RecordBody>, check: CheckId) -> Frame {
    let epoch = Epoch([7; 16]);
    let record = |(at, body): (usize, RecordBody)| Record {
        seq: at as u64 + 1,
        check_id: Some(check),
        age_ms: 2_000,
        lease: None,
        body,
    };
    let records: Vec<Record> = records.into_iter().enumerate().map(record).collect();
    Frame { epoch, first_seq: 1, last_seq: records.len() as u64, chain: chain::start(&epoch), dropped: vec![], records }
}

fn failing(check: CheckId) -> RecordBody {
    let result = CheckResult {
        run_id: RunId::of(check, 1),
        scheduled_at_ms: 1,
        duration_ms: 12.5,
        status: Status::Fail,
        reason: Some(Reason::AssertionFailed),
        summary: "no order".into(),
        steps: vec![],
        measurements: vec![],
        findings: vec![],
        evidence: vec![],
        cut: vec![],
    };
    RecordBody::Transition(Box::new(Transition { from: None, result }))
}

async fn send(stand: &Stand, node: &str, frame: &Frame) -> Answer {
    stand.as_agent(node, post("/v1/agent/frames", codec::pack(frame).expect("packs"))).await
}

#[tokio::test]
async fn a_frame_is_acknowledged_once_and_readers_see_it() {
    let stand = Stand::new().await;
    let check = check_id("acme-prod", "a");
    let frame = frame(
        vec![failing(check), RecordBody::Problem(Problem { open: true, reason: None, summary: String::new() })],
        check,
    );
    let ack: Ack = codec::decode(&send(&stand, "n1", &frame).await.body).expect("an ack");
    assert_eq!((ack.through, ack.rejected.len()), (2, 0));
    let again: Ack = codec::decode(&send(&stand, "n1", &frame).await.body).expect("an ack");
    assert_eq!(again, ack);
    let token = stand.token(Some("acme"), Role::Viewer).await;
    let results = stand.get(&format!("/v1/checks/{check}/results"), &token).await.json();
    assert_eq!(results["items"].as_array().expect("a list").len(), 1, "stored once");
    assert_eq!(results["items"][0]["observed_at"], "2026-11-18T11:06:38Z", "received less age");
    let document = stand.get(&format!("/v1/checks/{check}"), &token).await.json();
    assert_eq!((document["state"].as_str(), document["share"].as_f64()), (Some("failing"), Some(0.0)));
    let states: Vec<_> = document["nodes"].as_array().expect("nodes").iter().map(|node| &node["state"]).collect();
    assert_eq!(states, ["failing", "missing"]);
}

#[tokio::test]
async fn readers_see_the_counts_and_what_was_left() {
    let stand = Stand::new().await;
    let check = check_id("acme-prod", "a");
    let roll_up = RecordBody::RollUp(RollUp {
        from_age_ms: 16_000,
        to_age_ms: 1_000,
        runs: 3,
        by_status: [(Status::Pass, 2), (Status::Fail, 1)].into(),
        by_reason: [(Reason::AssertionFailed, 1)].into(),
        sketch: [(0, 3)].into(),
        last_status: Status::Pass,
        last_reason: None,
        last_age_ms: 1_000,
        evidence: vec![],
        version: "1".into(),
    });
    let note = |key: &str, state| {
        RecordBody::Ledger(LedgerNote { kind: "order".into(), key: key.into(), id: Some("S1".into()), state })
    };
    let records = vec![
        roll_up,
        note("gone", LedgerState::Created),
        note("there", LedgerState::Left),
        note("gone", LedgerState::Cleaned),
    ];
    assert_eq!(send(&stand, "n1", &frame(records, check)).await.status, StatusCode::OK);
    let token = stand.token(Some("acme"), Role::Viewer).await;
    let document = stand.get(&format!("/v1/checks/{check}"), &token).await.json();
    let runs = &document["runs"];
    assert_eq!((runs["total"].as_u64(), runs["by_status"]["fail"].as_u64()), (Some(3), Some(1)));
    assert_eq!(runs["duration_ms_p95"].as_f64(), Some(1.0));
    let left = document["left"].as_array().expect("a list");
    assert_eq!((left.len(), left[0]["key"].as_str(), left[0]["state"].as_str()), (1, Some("there"), Some("left")));
}

#[tokio::test]
async fn a_problem_ends_with_the_history_that_opened_it() {
    let stand = Stand::new().await;
    let check = check_id("acme-prod", "a");
    let token = stand.token(Some("acme"), Role::Viewer).await;
    let known = async |frame: &Frame| {
        assert_eq!(send(&stand, "n1", frame).await.status, StatusCode::OK);
        let document = stand.get(&format!("/v1/checks/{check}"), &token).await.json();
        let node = &document["nodes"][0];
        (node["problem"].as_bool(), node["state"].as_str().map(str::to_owned))
    };
    let open = || RecordBody::Problem(Problem { open: true, reason: None, summary: String::new() });
    let opened = known(&frame(vec![failing(check), open()], check)).await;
    assert_eq!(opened, (Some(true), Some("failing".to_owned())));
    // A new process of the agent: a new epoch, and a first result that comes from nothing.
    let anew = |epoch: u8, records: Vec<RecordBody>| {
        let epoch = Epoch([epoch; 16]);
        Frame { epoch, chain: chain::start(&epoch), ..frame(records, check) }
    };
    let mut passing = failing(check);
    let RecordBody::Transition(transition) = &mut passing else { unreachable!("a transition") };
    (transition.result.status, transition.result.reason) = (Status::Pass, None);
    assert_eq!(known(&anew(8, vec![passing.clone()])).await, (Some(false), Some("passing".to_owned())));
    // One that holds still is opened again by the record that follows; going on does not end it.
    assert_eq!(known(&anew(9, vec![failing(check), open()])).await.0, Some(true));
    let RecordBody::Transition(transition) = &mut passing else { unreachable!("a transition") };
    transition.from = Some(Status::Fail);
    assert_eq!(known(&anew(10, vec![passing])).await, (Some(true), Some("failing".to_owned())));
}

#[tokio::test]
async fn a_gap_a_fork_a_foreign_record_and_rubbish_are_told_apart() {
    let stand = Stand::new().await;
    let check = check_id("acme-prod", "a");
    let mut late = frame(vec![failing(check)], check);
    (late.first_seq, late.last_seq, late.records[0].seq) = (5, 5, 5);
    let answer = send(&stand, "n1", &late).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let conflict: Conflict = codec::decode(&answer.body).expect("a conflict");
    assert_eq!(conflict, Conflict::Gap { epoch: late.epoch, expected: 1 });
    let foreign = frame(vec![failing(check)], check_id("globex-prod", "none"));
    let ack: Ack = codec::decode(&send(&stand, "n1", &foreign).await.body).expect("an ack");
    assert_eq!((ack.through, ack.rejected[0].code), (1, RejectedCode::Foreign));
    let mut other = frame(vec![failing(check), failing(check)], check);
    other.records[0].body = RecordBody::Problem(Problem { open: true, reason: None, summary: String::new() });
    let answer = send(&stand, "n1", &other).await;
    assert_eq!(codec::decode::<Conflict>(&answer.body).expect("a conflict"), Conflict::Fork);
    let rubbish = stand.as_agent("n1", post("/v1/agent/frames", b"rubbish".to_vec())).await;
    assert_eq!(rubbish.status, StatusCode::BAD_REQUEST);
    let large = stand.as_agent("n1", post("/v1/agent/frames", vec![0; api::limits::FRAME_PACKED_BYTES_MAX + 1])).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    let _all = stand.api.frames.acquire().await.expect("open");
    let busy = send(&stand, "n1", &foreign).await;
    assert_eq!((busy.status.as_u16(), busy.headers["retry-after"].as_bytes()), (429, b"1".as_slice()));
}

#[tokio::test]
async fn bodies_that_do_not_come_stop_nobody_else() {
    let stand = Stand::new().await;
    let check = check_id("acme-prod", "a");
    let endless = || {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::convert::Infallible>>());
        let request = Request::builder().method("POST").uri("/v1/agent/frames").body(body).expect("a request");
        stand.as_agent("n1", request)
    };
    let (mut first, mut second) = (Box::pin(endless()), Box::pin(endless()));
    assert!(futures_util::poll!(&mut first).is_pending() && futures_util::poll!(&mut second).is_pending());
    let own = send(&stand, "n1", &frame(vec![failing(check)], check)).await;
    assert_eq!(own.status, StatusCode::TOO_MANY_REQUESTS, "two at a time");
    let others = send(&stand, "n2", &frame(vec![failing(check)], check)).await;
    assert_eq!(others.status, StatusCode::OK, "the stand unpacks one frame at a time");
    drop(first);
    let own = send(&stand, "n1", &frame(vec![failing(check)], check)).await;
    assert_eq!(own.status, StatusCode::OK, "its place is free again");
}

#[tokio::test]
async fn a_poll_answers_at_once_when_something_changed_and_waits_when_not() {
    let stand = Stand::new().await;
    let path = "/v1/agent/assignments";
    let first: Assignments = codec::decode(&stand.as_agent("n1", get(path, None)).await.body).expect("assignments");
    assert!(first.checks.len() >= 2, "a of both tenants");
    let same = stand.as_agent("n1", get(path, Some(&first.etag))).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let waiting = stand.as_agent("n1", get("/v1/agent/assignments?wait=30s", Some(&first.etag)));
    let change = async {
        stand.catalogue.send_replace(crate::placement::plan::tests::catalogue(&[]));
        stand.renew().await;
    };
    let (answer, ()) = tokio::join!(waiting, change);
    let second: Assignments = codec::decode(&answer.body).expect("assignments");
    assert!(second.checks.is_empty());
    stand.api.stopping.cancel();
    let path = "/v1/agent/assignments?wait=30s";
    let stopped = stand.as_agent("n1", get(path, Some(&second.etag))).await;
    assert_eq!(stopped.status, StatusCode::NOT_MODIFIED, "a drain ends polls");
}

#[tokio::test]
async fn only_what_is_assigned_is_given_out() {
    let stand = Stand::new().await;
    let path = |digest: Digest| format!("/v1/agent/plugins/{}", digest.hex());
    let own = stand.as_agent("n1", get(&path(Digest::of(b"plugin")), None)).await;
    assert_eq!((own.status, own.body.as_ref()), (StatusCode::OK, b"plugin".as_slice()));
    let other = stand.as_agent("n1", get(&path(Digest::of(b"other")), None)).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let stranger = stand.as_agent("n3", get(&path(Digest::of(b"plugin")), None)).await;
    assert_eq!(stranger, other, "nothing is placed there yet");
    let reader = stand.as_agent("n1", get("/v1/checks?tenant=acme", None)).await;
    assert_eq!(reader, stand.as_agent("n1", get("/v1/nothing", None)).await, "agents see no tenant");
}

#[tokio::test]
async fn a_lease_is_for_one_node_and_its_token_fences() {
    let stand = Stand::new().await;
    let order = check_id("acme-prod", "order");
    let holder = stand.api.placement.plan().borrow().nodes_of(order).next().expect("placed").node.to_string();
    let other = if holder == "n1" { "n2" } else { "n1" };
    let ask = |check_id| post("/v1/agent/leases", codec::encode(&LeaseRequest { check_id }).expect("encodes"));
    let granted: LeaseAnswer = codec::decode(&stand.as_agent(&holder, ask(order)).await.body).expect("an answer");
    assert_eq!(granted, LeaseAnswer::Granted { token: 1, ttl_ms: 50_000 });
    // A grant that was stored after its asker had left: only the store knows it.
    let lost = StoredLease {
        tenant: Some("acme".parse().expect("a label")),
        check: order,
        token: 2,
        since_token: 1,
        holder: agent(&holder),
        ttl_ms: 50_000,
    };
    stand.api.store.upkeep(move |tx| tx.lease_grant(&lost)).await.expect("stored");
    let granted: LeaseAnswer = codec::decode(&stand.as_agent(&holder, ask(order)).await.body).expect("an answer");
    assert_eq!(granted, LeaseAnswer::Granted { token: 3, ttl_ms: 50_000 });
    let mut own = frame(vec![failing(order)], order);
    own.records[0].lease = Some(1);
    let ack: Ack = codec::decode(&send(&stand, &holder, &own).await.body).expect("an ack");
    assert_eq!(ack.rejected, [], "its own renewal does not fence it");
    assert_eq!(stand.as_agent(other, ask(order)).await.status, StatusCode::NOT_FOUND, "not placed there");
    let reading = stand.as_agent(&holder, ask(check_id("acme-prod", "a"))).await;
    assert_eq!(reading.status, StatusCode::NOT_FOUND, "not mutating");
    stand.clock.advance(Duration::from_secs(46));
    stand.api.placement.agents().hear(&agent(other), 0, process::clock::Clock::boot(&stand.clock));
    stand.renew().await;
    let held: LeaseAnswer = codec::decode(&stand.as_agent(other, ask(order)).await.body).expect("an answer");
    assert_eq!(held, LeaseAnswer::Held { retry_after_ms: 9_000 }, "moved, and the lease still runs");
    stand.clock.advance(Duration::from_secs(9));
    let moved: LeaseAnswer = codec::decode(&stand.as_agent(other, ask(order)).await.body).expect("an answer");
    assert_eq!(moved, LeaseAnswer::Granted { token: 4, ttl_ms: 50_000 });
    let mut late = frame(vec![failing(order), failing(order)], order);
    (late.records[0].lease, late.records[1].lease) = (Some(1), Some(3));
    (late.epoch, late.chain) = (Epoch([8; 16]), chain::start(&Epoch([8; 16])));
    let ack: Ack = codec::decode(&send(&stand, &holder, &late).await.body).expect("an ack");
    assert_eq!((ack.rejected.len(), ack.rejected[1].code), (2, RejectedCode::Fenced));
}
