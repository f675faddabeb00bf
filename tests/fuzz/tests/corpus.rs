//! The committed corpus, on every test run: what an engine once broke stays mended. Seeds that are made by our own
//! encoders are written by `cargo xtask codegen`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use api::frame::{
    Body, Chain, Dropped, DroppedKind, Epoch, Failure, Frame, LedgerNote, LedgerState, PluginState, PluginStatus,
    Problem, Record, RollUp, Transition, chain, codec,
};
use api::id::{CheckId, Digest, RunId};
use api::result::{CheckResult, Reason, Status};
use fuzz::TARGETS;
use fuzz::segment::{Entry, Stored, encode};

const WRITE: &str = "FLOORWALKER_CODEGEN";

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    listed.map(|entry| entry.expect("listed").path()).collect()
}

#[test]
fn every_target_takes_its_corpus() {
    for (name, target) in TARGETS {
        let files = files(&corpus(name));
        assert!(!files.is_empty(), "{name} has a corpus");
        for file in files {
            target(&fs::read(&file).expect("readable"));
        }
    }
    // What people have written wrong is the best beginning for a parser.
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/manifests")) {
        fuzz::manifest::target(&fs::read(&file).expect("readable"));
    }
}

#[test]
fn golden_seeds_are_what_our_encoders_write() {
    let entries = entries();
    let segment: Vec<u8> = entries.iter().flat_map(|entry| encode(entry).expect("small")).collect();
    // Behind the target's own lengths instead of a segment's: a change of one byte stays readable.
    let payloads = entries.iter().flat_map(|entry| {
        let payload = codec::encode(entry).expect("a form");
        [&u16::try_from(payload.len()).expect("small").to_be_bytes()[..], &payload].concat()
    });
    let frame = frame();
    let seeds = [
        ("frame", "packed", codec::pack(&frame).expect("packs")),
        ("frame", "plain", codec::encode(&frame).expect("a form")),
        ("spool", "segment", segment.clone()),
        ("spool", "torn", segment[..segment.len() - 7].to_vec()),
        ("spool", "payloads", payloads.collect()),
    ];
    for (target, name, bytes) in seeds {
        let file = corpus(target).join(name);
        if env::var_os(WRITE).is_some() {
            fs::write(&file, &bytes).expect("written");
        }
        assert!(fs::read(&file).expect("a seed") == bytes, "{} is out of date: cargo xtask codegen", file.display());
    }
}

fn result(status: Status, reason: Option<Reason>) -> CheckResult {
    CheckResult {
        run_id: RunId::of(check(), 1_800_000_000_000),
        scheduled_at_ms: 1_800_000_000_000,
        duration_ms: 12.5,
        status,
        reason,
        summary: "said".to_owned(),
        steps: vec![],
        measurements: vec![],
        findings: vec![],
        evidence: vec![],
        cut: vec![],
    }
}

fn check() -> CheckId {
    CheckId::of(None, &"checkout".parse().expect("a label"))
}

fn bodies() -> Vec<Body> {
    let failed = Some(Reason::HttpStatus);
    vec![
        Body::Transition(Box::new(Transition { from: Some(Status::Pass), result: result(Status::Fail, failed) })),
        Body::Failure(Box::new(Failure { result: result(Status::Fail, failed) })),
        Body::RollUp(RollUp {
            from_age_ms: 15_000,
            to_age_ms: 0,
            runs: 3,
            by_status: [(Status::Pass, 2), (Status::Fail, 1)].into(),
            by_reason: [(Reason::HttpStatus, 1)].into(),
            sketch: [(-3, 2), (40, 1)].into(),
            last_status: Status::Pass,
            last_reason: None,
            last_age_ms: 4_000,
            evidence: vec![],
            version: "1".to_owned(),
        }),
        Body::Problem(Problem { open: true, reason: failed, summary: "said".to_owned() }),
        Body::PluginStatus(PluginStatus { digest: Digest::of(b"x"), state: PluginState::Ready, message: None }),
        Body::Ledger(LedgerNote {
            kind: "sale.order".to_owned(),
            key: "run-1".to_owned(),
            id: Some("7".to_owned()),
            state: LedgerState::Left,
        }),
    ]
}

fn frame() -> Frame {
    let epoch = Epoch([7; 16]);
    let record = |(seq, body)| Record { seq, check_id: Some(check()), age_ms: 10, lease: None, body };
    let records: Vec<Record> = (1..).zip(bodies()).map(record).collect();
    let hole = Dropped { first: 7, last: 9, kind: DroppedKind::RollUp, chain: Chain([9; 32]) };
    Frame { epoch, first_seq: 1, last_seq: 9, chain: chain::start(&epoch), dropped: vec![hole], records }
}

fn entries() -> Vec<Entry> {
    let head = Entry::Head { first_seq: 1, chain: chain::start(&Epoch([7; 16])) };
    let record =
        |(seq, body)| Entry::Record(Stored { seq, at_boot_ms: 1_000, check_id: Some(check()), lease: Some(3), body });
    let hole = Entry::Hole(Dropped { first: 7, last: 9, kind: DroppedKind::Any, chain: Chain([9; 32]) });
    std::iter::once(head).chain((1..).zip(bodies()).map(record)).chain([hole]).collect()
}
