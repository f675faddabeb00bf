//! A backlog of one agent as packed frames: one epoch, its chain, full frames. Made before anything is measured.

use std::collections::BTreeMap;

use api::frame::{Body, Epoch, Failure, Frame, Record, RollUp, chain, codec};
use api::id::{CheckId, RunId};
use api::limits::FRAME_RECORDS_MAX;
use api::result::{CheckResult, Measurement, Phases, Reason, Status, Step, StepStatus};
use harness::site::{CHECKS, check_name, namespace};

/// Frames of one agent.
const FRAMES: u64 = 40;
/// Records of one agent.
pub(super) const RECORDS: u64 = FRAMES * FRAME_RECORDS_MAX as u64;
/// Between two records of one check: its interval, which is that of a roll-up too.
const INTERVAL_MS: u64 = 15_000;

/// What the records are.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Failure,
    RollUp,
}

/// A frame ready to be sent.
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    pub(super) plain_bytes: usize,
    pub(super) through: u64,
}

/// All frames of an agent that was away for `RECORDS / CHECKS` intervals.
pub(super) fn backlog(kind: Kind) -> anyhow::Result<Vec<Packed>> {
    let epoch = Epoch(*uuid::Uuid::new_v4().as_bytes());
    let mut before = chain::start(&epoch);
    let mut packed = vec![];
    for at in 0..FRAMES {
        let first_seq = at * FRAME_RECORDS_MAX as u64 + 1;
        let last_seq = first_seq + FRAME_RECORDS_MAX as u64 - 1;
        let records = (first_seq..=last_seq).map(|seq| record(seq, kind)).collect();
        let frame = Frame { epoch, first_seq, last_seq, chain: before, dropped: vec![], records };
        before = chain::links(&frame)?.last().expect("has the first link").1;
        let plain_bytes = codec::encode(&frame)?.len();
        packed.push(Packed { bytes: codec::pack(&frame)?, plain_bytes, through: last_seq });
    }
    Ok(packed)
}

fn record(seq: u64, kind: Kind) -> Record {
    let name = check_name(seq % CHECKS).parse().expect("a label");
    let age_ms = (RECORDS - seq) / CHECKS * INTERVAL_MS;
    let body = match kind {
        Kind::Failure => Body::Failure(Box::new(Failure { result: result(seq) })),
        Kind::RollUp => Body::RollUp(roll_up(seq, age_ms)),
    };
    Record { seq, check_id: Some(CheckId::of(Some(&namespace()), &name)), age_ms, lease: None, body }
}

/// A journey's failure as the first-party plugin tells it: four steps, two measurements, a sentence.
fn result(seq: u64) -> CheckResult {
    let took = 10.0 + (seq % 97) as f64;
    let step = |name: &str, status| Step {
        name: name.to_owned(),
        status,
        duration_ms: took,
        message: (status == StepStatus::Fail).then(|| "the order stayed a quotation".to_owned()),
        phases: Phases { connect: Some(0.2), processing: Some(took - 1.0), transfer: Some(0.1), ..Phases::default() },
    };
    let measurement = |name: &str| Measurement { name: name.to_owned(), value: took, unit: "ms".to_owned() };
    CheckResult {
        run_id: RunId(uuid::Uuid::from_u64_pair(seq, seq)),
        scheduled_at_ms: seq,
        duration_ms: 4.0 * took,
        status: Status::Fail,
        reason: Some(Reason::AssertionFailed),
        summary: format!("confirm: the order S{seq:07} stayed a quotation"),
        steps: vec![
            step("authenticate", StepStatus::Pass),
            step("create", StepStatus::Pass),
            step("confirm", StepStatus::Fail),
            step("cancel", StepStatus::Pass),
        ],
        measurements: vec![measurement("confirm_ms"), measurement("total_ms")],
        findings: vec![],
        evidence: vec![],
        cut: vec![],
    }
}

fn roll_up(seq: u64, age_ms: u64) -> RollUp {
    let bucket = i16::try_from(seq % 60).expect("small");
    RollUp {
        from_age_ms: age_ms + INTERVAL_MS,
        to_age_ms: age_ms,
        runs: 3,
        by_status: BTreeMap::from([(Status::Pass, 2), (Status::Fail, 1)]),
        by_reason: BTreeMap::from([(Reason::HttpStatus, 1)]),
        sketch: BTreeMap::from([(bucket, 1), (bucket + 1, 1), (bucket + 5, 1)]),
        last_status: Status::Pass,
        last_reason: None,
        last_age_ms: age_ms,
        evidence: vec![],
        version: "1".to_owned(),
    }
}
