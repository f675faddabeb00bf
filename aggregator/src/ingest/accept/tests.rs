//! Tests of judging frames: idempotence, gaps, forks, foreign and fenced records.

use api::frame::{
    Chain, Dropped, DroppedKind, Epoch, Failure, LedgerNote, LedgerState, PluginState, PluginStatus, Problem,
};
use api::id::RunId;
use api::result::{CheckResult, Measurement, Phases, Step, StepStatus};

use super::*;
use crate::placement::plan::tests::{agent, check_id};

const RECEIVED: i64 = 1_700_000_000_000;

fn epoch() -> Epoch {
    Epoch([7; 16])
}

fn record(seq: u64) -> Record {
    let body = Body::Problem(Problem { open: seq.is_multiple_of(2), reason: None, summary: String::new() });
    Record { seq, check_id: Some(check_id("acme-prod", "a")), age_ms: 10, lease: None, body }
}

fn frame(chain: Chain, first_seq: u64, last_seq: u64) -> Frame {
    let records = (first_seq..=last_seq).map(record).collect();
    Frame { epoch: epoch(), first_seq, last_seq, chain, dropped: vec![], records }
}

fn first(last_seq: u64) -> Frame {
    frame(chain::start(&epoch()), 1, last_seq)
}

fn known(mark: Option<Mark>) -> Known {
    let placements = [(check_id("acme-prod", "a"), Some("acme".parse().expect("a label")))].into();
    Known { mark, placements, plugins: Some([Digest::of(b"plugin")].into()), leases: BTreeMap::new() }
}

fn judge_one(frame: Frame, known: &Known) -> Judged {
    judge(&agent("n1"), &frame, known, RECEIVED)
}

/// Of a frame that is one batch: what is stored, the answer, how many records are taken, repeated and dropped.
fn taken(judged: Judged) -> (Accepted, Ack, [u64; 3]) {
    match judged {
        Judged::Take { mut batches, ack, accepted, repeated, dropped } => {
            assert_eq!(batches.len(), 1);
            (batches.remove(0), ack, [accepted, repeated, dropped])
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frame_moves_the_mark_and_its_repetition_moves_nothing() {
    let (batch, ack, [accepted, ..]) = taken(judge_one(first(3), &known(None)));
    assert_eq!((batch.before, accepted, ack.through), (None, 3, 3));
    let after = known(Some(batch.after));
    assert_eq!(judge_one(first(3), &after), Judged::Repeated { ack, repeated: 3 });
    let (longer, ack, counts) = taken(judge_one(first(5), &after));
    assert_eq!((counts, ack.through), ([2, 3, 0], 5), "only what is new");
    let rest = frame(batch.after.chain, 4, 5);
    assert_eq!(taken(judge_one(rest, &after)).0.after, longer.after, "however it is framed");
}

#[test]
fn an_undeclared_gap_is_asked_for_and_a_hole_is_refused() {
    let late = frame(Chain([1; 32]), 3, 4);
    let gap = Judged::Conflict(Conflict::Gap { epoch: epoch(), expected: 1 });
    assert_eq!(judge_one(late, &known(None)), gap);
    let mut holed = first(3);
    holed.records.remove(1);
    assert_eq!(judge_one(holed, &known(None)), Judged::Uncovered(2));
}

#[test]
fn another_history_is_a_fork() {
    let mark = taken(judge_one(first(3), &known(None))).0.after;
    let fork = Judged::Conflict(Conflict::Fork);
    assert_eq!(judge_one(frame(Chain([9; 32]), 4, 4), &known(Some(mark))), fork);
    let mut other = first(4);
    other.records[1].body = Body::Problem(Problem { open: false, reason: None, summary: String::new() });
    assert_eq!(judge_one(other, &known(Some(mark))), fork);
    let other_start = frame(Chain([9; 32]), 1, 1);
    assert_eq!(judge_one(other_start, &known(None)), fork, "the first frame begins with its epoch");
}

#[test]
fn what_ends_below_the_mark_cannot_be_known_and_has_to_show_its_chain() {
    let mark = taken(judge_one(first(5), &known(None))).0.after;
    let gap = Judged::Conflict(Conflict::Gap { epoch: epoch(), expected: 6 });
    assert_eq!(judge_one(first(3), &known(Some(mark))), gap, "ours or not, it looks the same");
    let mut whole = first(5);
    assert!(matches!(judge_one(whole.clone(), &known(Some(mark))), Judged::Repeated { .. }));
    whole.records[1].body = Body::Problem(Problem { open: false, reason: None, summary: String::new() });
    assert_eq!(judge_one(whole, &known(Some(mark))), Judged::Conflict(Conflict::Fork));
}

#[test]
fn a_declared_drop_is_stepped_over_and_its_chain_goes_on() {
    let mut holed = first(4);
    let after_drop = chain_after(&first(3));
    holed.records.drain(1..3);
    holed.dropped.push(Dropped { first: 2, last: 3, kind: DroppedKind::RollUp, chain: after_drop });
    let (batch, ack, counts) = taken(judge_one(holed, &known(None)));
    assert_eq!((counts, ack.through), ([2, 0, 2], 4));
    assert_eq!(batch.after.chain, chain_after(&first(4)));
}

#[test]
fn foreign_fenced_and_oversized_records_are_rejected_and_the_rest_is_taken() {
    let mut frame = first(5);
    frame.records[0].check_id = Some(check_id("globex-prod", "a"));
    frame.records[1].check_id = None;
    frame.records[2].lease = Some(6);
    frame.records[3].lease = Some(7);
    let id = Some("x".repeat(RECORD_BYTES_MAX));
    let note = LedgerNote { kind: "order".into(), key: "k".into(), id, state: LedgerState::Created };
    frame.records[4].body = Body::Ledger(note);
    let mut known = known(None);
    known.leases.insert(check_id("acme-prod", "a"), Tenure { holds: true, token_min: 7 });
    let (_, ack, [accepted, ..]) = taken(judge_one(frame, &known));
    let codes: Vec<_> = ack.rejected.iter().map(|rejected| (rejected.seq, rejected.code.as_str())).collect();
    assert_eq!(codes, [(1, "foreign"), (2, "foreign"), (3, "fenced"), (5, "too-large")]);
    assert_eq!((accepted, ack.through), (1, 5));
}

#[test]
fn only_the_state_of_a_component_that_the_node_needs_is_taken() {
    let status = |bytes: &[u8]| {
        let status = PluginStatus { digest: Digest::of(bytes), state: PluginState::Ready, message: None };
        Record { check_id: None, body: Body::PluginStatus(status), ..record(1) }
    };
    let codes = |known: &Known| {
        let records = [b"plugin".as_slice(), b"another"].into_iter().zip(1..);
        let records = records.map(|(bytes, seq)| Record { seq, ..status(bytes) }).collect();
        let (_, ack, ..) = taken(judge_one(Frame { records, ..first(2) }, known));
        ack.rejected.iter().map(|rejected| (rejected.seq, rejected.code)).collect::<Vec<_>>()
    };
    assert_eq!(codes(&known(None)), [(2, RejectedCode::Foreign)]);
    assert_eq!(codes(&Known { plugins: None, ..known(None) }), [], "before the first catalogue nobody knows");
}

#[test]
fn numbers_that_are_none_do_not_reach_the_store() {
    let run = |duration_ms: f64, value: f64| {
        let step = Step {
            name: "confirm".into(),
            status: StepStatus::Pass,
            duration_ms,
            message: None,
            phases: Phases { tls: Some(value), ..Phases::default() },
        };
        let measurement = |value| Measurement { name: "days".into(), value, unit: "d".into() };
        let result = CheckResult {
            run_id: RunId::of(check_id("acme-prod", "a"), 1),
            scheduled_at_ms: 1,
            duration_ms,
            status: Status::Pass,
            reason: None,
            summary: String::new(),
            steps: vec![step],
            measurements: vec![measurement(value), measurement(2.0)],
            findings: vec![],
            evidence: vec![],
            cut: vec![],
        };
        let mut frame = first(1);
        frame.records[0].body = Body::Failure(Box::new(Failure { result }));
        match taken(judge_one(frame, &known(None))).0.writes.remove(0) {
            Write::Results(chunk) => chunk.results_for_test().remove(0),
            other => panic!("{other:?}"),
        }
    };
    for broken in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let stored = run(broken, broken);
        assert_eq!((stored.duration_ms, stored.measurements.len()), (0.0, 1));
        assert_eq!(stored.cut, ["times", "measurements"], "it is said");
    }
    assert_eq!(run(1.5, 3.0).cut, Vec::<String>::new());
}

#[test]
fn of_a_leased_check_only_the_holders_roll_up_tells_the_last_run() {
    let roll_up = |last_status| RollUp {
        from_age_ms: 20_000,
        to_age_ms: 5_000,
        runs: 2,
        by_status: [(last_status, 2)].into(),
        by_reason: BTreeMap::new(),
        sketch: BTreeMap::new(),
        last_status,
        last_reason: None,
        last_age_ms: 6_000,
        evidence: vec![],
        version: "1".into(),
    };
    let told = |tenure: Option<Tenure>, status| {
        let mut frame = first(1);
        frame.records[0].body = Body::RollUp(roll_up(status));
        let mut known = known(None);
        known.leases.extend(tenure.map(|tenure| (check_id("acme-prod", "a"), tenure)));
        let (mut runs, mut last_ms) = (0, None);
        for write in taken(judge_one(frame, &known)).0.writes {
            match write {
                Write::Counts { counts, .. } => runs += counts.runs,
                Write::Last { last, .. } => last_ms = Some(last.run_at_ms),
                other => panic!("{other:?}"),
            }
        }
        (runs, last_ms)
    };
    let (holder, other) = (Tenure { holds: true, token_min: 1 }, Tenure { holds: false, token_min: 2 });
    let at = Some(RECEIVED - 6_000);
    assert_eq!(told(None, Status::Pass), (2, at), "not mutating");
    assert_eq!(told(Some(holder), Status::Pass), (2, at));
    assert_eq!(told(Some(other), Status::Pass), (2, None), "it counts, and tells nothing");
    assert_eq!(told(Some(other), Status::Skipped), (2, at), "it ran nothing");
}

#[test]
fn the_instant_of_a_run_is_received_less_age() {
    let (batch, ..) = taken(judge_one(first(1), &known(None)));
    assert_eq!(batch.received_at_ms, RECEIVED);
    assert_eq!(instant(RECEIVED, 60_000), RECEIVED - 60_000);
    assert_eq!(instant(RECEIVED, u64::MAX), RECEIVED - i64::MAX);
}

#[test]
fn a_long_frame_is_stored_in_batches_that_go_on_where_the_one_before_ends() {
    let records = 2 * BATCH_RECORDS as u64 + 10;
    let mut holed = first(records + 2);
    let dropped = Dropped { first: records + 1, last: records + 2, kind: DroppedKind::Any, chain: chain_after(&holed) };
    holed.records.truncate(usize::try_from(records).expect("small"));
    holed.dropped.push(dropped);
    let Judged::Take { batches, ack, accepted, .. } = judge_one(holed, &known(None)) else { panic!("it is taken") };
    assert_eq!((batches.len(), accepted, ack.through), (3, records, records + 2));
    let mut before = None;
    for batch in &batches {
        assert_eq!(batch.before, before);
        before = Some(batch.after);
    }
    let one = BATCH_RECORDS as u64;
    assert_eq!(batches[0].after, Mark { through: one, chain: chain_after(&first(one)) });
    assert_eq!(before, Some(Mark { through: records + 2, chain: dropped.chain }), "the hole at the end included");
}

proptest::proptest! {
    /// However the agent cuts its history into frames and whatever it sends again, each record is taken once, in order.
    #[test]
    fn any_framing_takes_each_record_once(
        spans in proptest::collection::vec((1_u64..=30, 0_u64..10), 1..60),
    ) {
        let chains: Vec<Chain> = (0..40_u64).scan(chain::start(&epoch()), |at, seq| {
            let before = *at;
            *at = chain::next(&before, &record(seq + 1));
            Some(before)
        }).collect();
        let (mut mark, mut taken_seqs) = (None::<Mark>, vec![]);
        for (first, more) in spans {
            let through = mark.map_or(0, |mark| mark.through);
            let span = frame(chains[usize::try_from(first - 1).expect("small")], first, first + more);
            match judge_one(span, &known(mark)) {
                Judged::Take { batches, ack, accepted, .. } => {
                    taken_seqs.extend(through + 1..=ack.through);
                    proptest::prop_assert_eq!(accepted, ack.through - through);
                    proptest::prop_assert_eq!(batches[0].before, mark);
                    mark = batches.last().map(|batch| batch.after);
                }
                Judged::Repeated { ack, .. } => proptest::prop_assert_eq!(ack.through, through),
                Judged::Conflict(Conflict::Gap { expected, .. }) => {
                    proptest::prop_assert_eq!(expected, through + 1);
                    proptest::prop_assert!(first > expected || first + more < through, "a gap, or all below the mark");
                }
                other => proptest::prop_assert!(false, "{:?}", other),
            }
        }
        proptest::prop_assert!(taken_seqs.iter().copied().eq(1..=taken_seqs.len() as u64));
    }
}
