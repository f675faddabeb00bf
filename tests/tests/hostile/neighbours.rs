//! One agent, two tenants: the guests of the one run in turn, as many at a time as it may, and the checks of the other keep
//! their schedule, as the target they probe sees it. After each turn: the memory the agent had at most, and what it says of
//! the guest. Journeys have theirs under a lease.

use std::fs;

use floorwalker_guests::{HOSTILE, RAW};
use harness::{binary, skip};
use serde_json::json;

use crate::{
    ALONE,
    agent::{Line, folder},
    rows::{leased, rows},
    stage::{PACE, Stage, check, mutating},
};

#[tokio::test]
async fn neighbours_keep_their_schedule_while_each_guest_runs() {
    let _alone = ALONE.lock().await;
    let stage = Stage::begin().await;
    let neighbours_state = stage.neighbours_state();
    let mut rows = rows(&stage.targets, &neighbours_state);
    let listed: Vec<&str> = rows.iter().map(|row| row.guest).collect();
    assert_eq!(listed, [&HOSTILE[..], &RAW[..]].concat(), "each guest has its turn");
    if stage.hosts.is_none() {
        let why = "it takes a mount namespace to turn a name of the system's resolver: run it as root";
        skip::because("dns_rebinding in a real agent", why);
        rows.retain(|row| row.guest != "dns_rebinding");
    }
    for row in &rows {
        println!("{}", stage.turn(row).await);
    }
    assert_eq!(stage.targets.knocked(), 0, "nobody reached the victim");
    let said = stage.agent.said();
    let strangers =
        said.iter().filter(|line| line.text("message") == "ran" && !line.text("check").starts_with("keeper"));
    assert!(
        strangers.into_iter().all(|line| !line.text("summary").contains("the canary")),
        "the neighbour's state is its own"
    );
}

/// Journeys that die half-way, before and in their clean-up, each with its lease: what a clean-up can remove is removed,
/// and what it leaves is told when the check is gone, with the object and what to do about it.
#[tokio::test]
async fn neighbours_keep_their_schedule_while_leased_journeys_die() {
    let _alone = ALONE.lock().await;
    let stage = Stage::begin_leased().await;
    for (row, leaves) in leased() {
        let from = stage.agent.said().len();
        println!("{}", stage.turn(&row).await);
        if leaves.is_empty() {
            stage.agent.keeps_no_ledger("hostile").await.expect("its clean-up removed all of it");
        } else {
            let is_told = |line: &Line| leaves.iter().all(|words| line.text("message").contains(words));
            let told = stage.agent.says(from, "what a journey left", is_told).await.expect("it is told");
            assert!(told.text("objects").contains("sale.order"), "{told:?}");
        }
    }
}

/// What a journey leaves is told by the command line, which runs one without a lease by the path of a node.
#[tokio::test]
async fn trap_in_clean_up_is_told_with_what_it_leaves() {
    let _alone = ALONE.lock().await;
    let folder = folder();
    let wasm = binary::component("examples/trap_in_clean_up").expect("built");
    let file = folder.path().join("check.yaml");
    fs::write(&file, mutating(&check("hostile", "left", "left", &json!({}), "", &PACE))).expect("written");
    let (file, wasm) = (file.to_str().expect("UTF-8"), wasm.to_str().expect("UTF-8").to_owned());
    let ran = harness::cli::Cli::bare().run(&["check", "run", "-f", file, "--component", &wasm]).expect("it runs");
    for words in [
        "WARN  trap  made",
        "clean-up",
        "objects are left at the target: the plugin panicked",
        "no hand to remove them",
    ] {
        assert!(ran.stdout.contains(words), "`{words}` in {}{}", ran.stdout, ran.stderr);
    }
}
