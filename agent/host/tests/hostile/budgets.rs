//! Guests that take what they can: CPU, memory, the host's patience.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::grant::{Effective, GrantSet};
use api::limits::{LOG_LINES_MAX, RESULT_BYTES_MAX, RunLimits, STDIO_TAIL_BYTES_MAX, TEXT_BYTES_MAX};
use host::outcome::{StepStatus, VerdictStatus};
use host::{End, Engine, HASHED_BYTES_MAX, HOST_CALLS_MAX, STATE_WRITES_MAX, engine, run};
use serde_json::json;

use crate::doubles::{OneFile, State};
use crate::stage::{Stage, call, load_into, plugin};

#[tokio::test]
async fn endless_loop_ends_with_its_cpu_budget() {
    let mut call = call(json!({}));
    call.limits = RunLimits { cpu_ms: 50, wall_ms: 60_000, ..RunLimits::DEFAULT };
    let outcome = run(&plugin("endless_loop"), call, &Stage::new().backends).await;
    let End::CpuExceeded { used, limit } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(limit, Duration::from_millis(50));
    assert!(used >= limit && outcome.usage.cpu >= limit);
    assert_eq!((outcome.steps[0].name.as_str(), outcome.steps[0].status), ("spin", None));
}

#[tokio::test]
async fn endless_loop_ends_with_the_wall_clock() {
    let mut call = call(json!({}));
    // CPU time never passes wall time, so it is the wall that ends this one.
    call.limits = RunLimits { cpu_ms: 5_000, wall_ms: 100, ..RunLimits::DEFAULT };
    let outcome = run(&plugin("endless_loop"), call, &Stage::new().backends).await;
    assert_eq!(outcome.end, End::Deadline { limit: Duration::from_millis(100), during: None });
}

#[tokio::test(flavor = "current_thread")]
async fn endless_loop_lets_its_neighbours_run() {
    let (looping, quiet) = (plugin("endless_loop"), plugin("quiet"));
    let stage = Stage::new();
    let mut greedy = call(json!({}));
    greedy.limits = RunLimits { cpu_ms: 5_000, wall_ms: 60_000, ..RunLimits::DEFAULT };
    let greedy = run(&looping, greedy, &stage.backends);
    let modest = run(&quiet, call(json!({})), &stage.backends);
    // One thread: the quiet one ends only because the loop yields at each tick.
    tokio::select! {
        biased;
        outcome = greedy => panic!("the loop ended first: {:?}", outcome.end),
        outcome = modest => assert!(matches!(outcome.end, End::Verdict(_)), "{:?}", outcome.end),
    }
}

#[tokio::test]
async fn memory_bomb_is_told_its_limit() {
    let outcome = run(&plugin("memory_bomb"), call(json!({})), &Stage::new().backends).await;
    let End::MemoryExceeded { asked, limit } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(limit, RunLimits::DEFAULT.memory_bytes);
    assert!(asked > limit);
    assert!(outcome.usage.memory_peak_bytes <= limit && outcome.usage.memory_peak_bytes > limit / 2);
    assert_eq!(outcome.steps[0].name, "allocate");
}

#[tokio::test]
async fn panic_leaves_its_message_and_where_it_died() {
    let outcome = run(&plugin("panic"), call(json!({})), &Stage::new().backends).await;
    let End::Panicked { message } = &outcome.end else { panic!("{:?}", outcome.end) };
    assert!(message.contains("index out of bounds"), "{message}");
    let steps: Vec<_> = outcome.steps.iter().map(|step| (step.name.as_str(), step.status)).collect();
    // A panic in WebAssembly aborts: the guard of the open step never ran.
    assert_eq!(steps, [("prepare", Some(StepStatus::Pass)), ("index", None)]);
    assert_eq!(outcome.logs[0].message, "about to go wrong");
}

#[tokio::test]
async fn memory_bomb_of_several_memories_is_told_their_sum() {
    let outcome = run(&plugin("memory_bomb_of_several_memories"), call(json!({})), &Stage::new().backends).await;
    let End::MemoryExceeded { asked, limit } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(limit, RunLimits::DEFAULT.memory_bytes);
    // Each of the two has about half of it: neither alone came near the limit.
    assert!(asked > limit && asked <= limit + (1 << 20), "{asked}");
    assert!(outcome.usage.memory_peak_bytes <= limit);
}

#[tokio::test]
async fn deep_recursion_is_told_that_its_stack_is_used_up() {
    let outcome = run(&plugin("deep_recursion"), call(json!({})), &Stage::new().backends).await;
    let End::Trap { what } = &outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(what, "wasm trap: call stack exhausted");
    assert_eq!((outcome.steps[0].name.as_str(), outcome.steps[0].status), ("descend", None));
}

#[tokio::test]
async fn log_flood_is_counted_and_not_kept() {
    let outcome = run(&plugin("log_flood"), call(json!({"lines": 100})), &Stage::new().backends).await;
    assert!(matches!(outcome.end, End::Verdict(_)), "{:?}", outcome.end);
    assert_eq!((outcome.logs.len(), outcome.lines_dropped), (LOG_LINES_MAX, 100 - LOG_LINES_MAX as u64));
    let config = json!({"lines": 400, "line_bytes": 2 * TEXT_BYTES_MAX});
    let outcome = run(&plugin("log_flood"), call(config), &Stage::new().backends).await;
    assert!(outcome.logs.iter().all(|line| line.message.len() <= TEXT_BYTES_MAX));
    assert!(outcome.stdio_tail.len() <= STDIO_TAIL_BYTES_MAX, "the end of what it wrote, and no more");
}

#[tokio::test]
async fn host_call_storm_is_stopped() {
    let outcome =
        run(&plugin("host_call_storm"), call(json!({"calls": 2 * HOST_CALLS_MAX})), &Stage::new().backends).await;
    assert_eq!(outcome.end, End::HostCallsExceeded { limit: HOST_CALLS_MAX });
}

#[tokio::test]
async fn huge_output_is_no_result() {
    let outcome =
        run(&plugin("huge_output"), call(json!({"bytes": 2 * RESULT_BYTES_MAX})), &Stage::new().backends).await;
    let End::OutputExceeded { bytes, limit } = outcome.end else { panic!("{:?}", outcome.end) };
    assert!(bytes > limit && limit == RESULT_BYTES_MAX);
}

#[tokio::test]
async fn huge_output_beyond_its_memory_is_stopped_by_that() {
    let config = json!({"bytes": RunLimits::DEFAULT.memory_bytes});
    let outcome = run(&plugin("huge_output"), call(config), &Stage::new().backends).await;
    assert!(matches!(outcome.end, End::MemoryExceeded { .. }), "{:?}", outcome.end);
}

#[tokio::test]
async fn host_call_storm_of_writes_reaches_the_disk_so_often() {
    let mut stage = Stage::new();
    let state = Arc::new(State::default());
    stage.backends.state = state.clone();
    let config = json!({"writes": STATE_WRITES_MAX});
    let outcome = run(&plugin("host_call_storm"), call(config), &stage.backends).await;
    let End::Verdict(verdict) = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(verdict.summary, "it rains\na run writes its state at most 64 times");
    assert_eq!(state.0.load(Ordering::Relaxed), STATE_WRITES_MAX, "removals are writes too");
}

#[tokio::test]
async fn host_call_storm_of_hashing_is_bounded_and_charged() {
    let mut stage = Stage::new();
    stage.backends.node = Arc::new(OneFile { bytes: HASHED_BYTES_MAX / 4, cpu: Duration::ZERO });
    let storm = |hashes: u32| {
        let mut call = call(json!({"hashes": hashes}));
        let set = GrantSet { node_files: vec!["/etc/large".parse().expect("a pattern")], ..GrantSet::default() };
        call.grants = Effective { grants: set.clone(), ceiling: set, addresses: Vec::new() };
        call.limits = RunLimits { cpu_ms: 100, ..RunLimits::DEFAULT };
        call
    };
    for (hashes, told) in [(4, "it rains"), (5, "it rains\na run has at most 256 MiB of files hashed")] {
        let outcome = run(&plugin("host_call_storm"), storm(hashes), &stage.backends).await;
        let End::Verdict(verdict) = outcome.end else { panic!("{:?}", outcome.end) };
        assert_eq!(verdict.summary, told);
    }
    stage.backends.node = Arc::new(OneFile { bytes: 1, cpu: Duration::from_millis(20) });
    let outcome = run(&plugin("host_call_storm"), storm(1_000), &stage.backends).await;
    let End::CpuExceeded { used, limit } = outcome.end else { panic!("{:?}", outcome.end) };
    assert!(used >= limit && outcome.usage.host_calls < 10, "{used:?}, {} calls", outcome.usage.host_calls);
}

#[tokio::test]
async fn a_run_after_a_killed_one_is_fresh() {
    let stage = Stage::new();
    for _ in 0..3 {
        let killed = run(&plugin("memory_bomb"), call(json!({})), &stage.backends).await;
        assert!(matches!(killed.end, End::MemoryExceeded { .. }));
        let next = run(&plugin("quiet"), call(json!({})), &stage.backends).await;
        let End::Verdict(verdict) = next.end else { panic!("{:?}", next.end) };
        assert_eq!(verdict.status, VerdictStatus::Pass);
        assert!(next.usage.memory_peak_bytes < killed.usage.memory_peak_bytes);
    }
}

#[tokio::test]
async fn without_a_pool_the_same_artefact_runs() {
    let engine = Engine::new(engine::Config::SINGLE).expect("an engine on demand");
    let outcome = run(&load_into(&engine, "quiet"), call(json!({})), &Stage::new().backends).await;
    assert!(matches!(outcome.end, End::Verdict(_)), "{:?}", outcome.end);
}

#[tokio::test]
async fn what_was_taken_back_while_it_waited_for_the_node_does_not_begin() {
    let engine = Engine::new(engine::Config { slots: 1, ..engine::Config::SINGLE }).expect("an engine");
    let (looping, half_made) = (load_into(&engine, "endless_loop"), load_into(&engine, "half_made"));
    let stage = Stage::new();
    let mut holds_the_slot = call(json!({}));
    holds_the_slot.limits = RunLimits { cpu_ms: 5_000, wall_ms: 200, ..RunLimits::DEFAULT };
    let mut waits = call(json!({"death": "none"}));
    let asked = Arc::new(AtomicBool::new(false));
    let of_call = Arc::clone(&asked);
    waits.may_begin = Some(Arc::new(move || {
        of_call.store(true, Ordering::Relaxed);
        Err("too little is left of the lease".to_owned())
    }));
    let first = run(&looping, holds_the_slot, &stage.backends);
    let second = run(&half_made, waits, &stage.backends);
    let (first, second) = futures_util::future::join(first, second).await;
    assert!(matches!(first.end, End::Deadline { .. }), "{:?}", first.end);
    assert_eq!(second.end, End::Withheld { why: "too little is left of the lease".to_owned() });
    assert!(asked.load(Ordering::Relaxed) && second.usage.queued >= Duration::from_millis(100), "asked after the wait");
    assert!(stage.ledger.0.lock().expect("no panic").is_empty(), "nothing of it ran");
}
