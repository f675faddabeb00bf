//! Journeys that die half-way: what they made is in the ledger, and clean-up runs in a store of its own.

use std::time::Duration;

use api::limits::{CLEAN_UP, RunLimits};
use host::{End, clean_up, run};
use serde_json::{Value, json};

use crate::stage::{Stage, call, plugin};

async fn dies(stage: &Stage, config: Value) -> End {
    let mut call = call(config);
    call.limits = RunLimits { cpu_ms: 50, ..RunLimits::DEFAULT };
    run(&plugin("half_made"), call, &stage.backends).await.end
}

async fn cleans(stage: &Stage, config: Value) -> End {
    clean_up(&plugin("half_made"), call(config), stage.left(), &stage.backends).await.end
}

#[tokio::test]
async fn half_made_is_removed_after_a_trap() {
    let stage = Stage::new();
    let end = dies(&stage, json!({"death": "trap"})).await;
    assert!(matches!(&end, End::Panicked { message } if message.contains("dies here")), "{end:?}");
    let left = stage.left();
    assert_eq!((left.len(), left[0].kind.as_str(), left[0].key.as_str()), (1, "sale.order", "run-1"));
    assert_eq!(cleans(&stage, json!({"death": "trap"})).await, End::CleanedUp);
    assert!(stage.left().is_empty());
}

#[tokio::test]
async fn half_made_is_removed_after_a_kill() {
    let stage = Stage::new();
    assert!(matches!(dies(&stage, json!({"death": "spin"})).await, End::CpuExceeded { .. }));
    assert_eq!(stage.left().len(), 1);
    assert_eq!(cleans(&stage, json!({"death": "spin"})).await, End::CleanedUp);
    assert!(stage.left().is_empty());
}

#[tokio::test]
async fn half_made_survives_being_dropped() {
    let stage = Stage::new();
    let mut call = call(json!({"death": "spin"}));
    call.limits = RunLimits { cpu_ms: 5_000, ..RunLimits::DEFAULT };
    let half_made = plugin("half_made");
    // A second signal drops whatever runs; what was made is in the ledger all the same.
    let mut running = Box::pin(run(&half_made, call, &stage.backends));
    while stage.left().is_empty() {
        let polled = tokio::time::timeout(Duration::from_millis(1), running.as_mut()).await;
        assert!(polled.is_err(), "it spins");
    }
    drop(running);
    assert_eq!(cleans(&stage, json!({"death": "spin"})).await, End::CleanedUp);
}

#[tokio::test]
async fn nothing_is_left_of_a_whole_run() {
    let stage = Stage::new();
    let end = dies(&stage, json!({"death": "none"})).await;
    assert!(matches!(end, End::Verdict(_)), "{end:?}");
    assert!(stage.left().is_empty());
}

#[tokio::test]
async fn clean_up_may_die_too() {
    let stage = Stage::new();
    dies(&stage, json!({"death": "trap"})).await;
    let end = cleans(&stage, json!({"death": "trap", "clean_up_panics": true})).await;
    assert!(matches!(&end, End::Panicked { message } if message.contains("dies too")), "{end:?}");
    assert_eq!(stage.left().len(), 1, "it comes again");
}

#[tokio::test]
async fn trap_in_clean_up_leaves_its_objects_in_the_ledger() {
    let (stage, guest) = (Stage::new(), plugin("trap_in_clean_up"));
    let run = run(&guest, call(json!({})), &stage.backends).await;
    assert!(matches!(run.end, End::Verdict(_)), "{:?}", run.end);
    for _ in 0..2 {
        let end = clean_up(&guest, call(json!({})), stage.left(), &stage.backends).await.end;
        assert!(matches!(&end, End::Panicked { message } if message.contains("1 objects and no hand")), "{end:?}");
        assert_eq!(stage.left().len(), 1, "it comes again");
    }
}

#[tokio::test]
async fn only_journeys_clean_up() {
    let stage = Stage::new();
    let end = clean_up(&plugin("quiet"), call(json!({})), Vec::new(), &stage.backends).await.end;
    assert!(matches!(end, End::NotStarted { .. }), "{end:?}");
    assert_eq!(CLEAN_UP, Duration::from_secs(10));
}
