//! Programs in the compiler's place, each with a test of its name: the agent says what is wrong with the compiler, and what
//! was compiled before runs on.

use std::time::Duration;

use tempfile::TempDir;

use crate::{
    ALONE,
    agent::{Agent, Line, Setting, compiler, component, folder},
    memory::OWN_BYTES_MAX,
};

const QUIET: &str = "apiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {name: quiet}\n\
    spec: {plugin: quiet, config: {}, runInterval: 5s, timeout: 5s}\n";
const NEW: &str = "apiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {name: new}\n\
    spec: {plugin: panic, config: {}, runInterval: 5s, timeout: 5s}\n";

/// A node on which one plugin was compiled by the real compiler.
async fn prepared() -> TempDir {
    let agent = Agent::start(folder(), &Setting::default()).await.expect("an agent");
    let plugin = agent.plugin("quiet", None, &component("quiet")).expect("written");
    agent.write("quiet.yaml", &format!("{QUIET}{plugin}")).expect("written");
    agent.says(0, "the check to run", passed).await.expect("it runs");
    agent.stop()
}

fn passed(line: &Line) -> bool {
    (line.text("message"), line.text("check"), line.text("status")) == ("ran", "quiet", "pass")
}

/// A new plugin comes, and what should compile it does not: the refusal has these words.
async fn refuses(name: &str, words: &str) {
    let _alone = ALONE.lock().await;
    let setting = Setting { compiler: Some(compiler(name)), ..Setting::default() };
    let agent = Agent::start(prepared().await, &setting).await.expect("an agent");
    let plugin = agent.plugin("panic", None, &component("panic")).expect("written");
    agent.write("new.yaml", &format!("{NEW}{plugin}")).expect("written");
    let refused = |line: &Line| {
        let is_new = line.text("file") == "new.yaml" && line.text("field") == "spec.plugin";
        is_new && line.text("message") == "a manifest is refused" && !line.text("why").contains("not described yet")
    };
    let line = agent.says(0, "what is wrong with the compiler", refused).await.expect("it says so");
    assert!(line.text("why").contains(words), "`{words}` in {line:?}");
    // What runs, runs on: a run that began after the refusal.
    let from = agent.said().len();
    agent.says(from, "the other plugin to run on", passed).await.expect("it runs on");
    let (peak, limit) = (agent.memory_peak_bytes().expect("it lives"), OWN_BYTES_MAX);
    assert!(peak < limit, "{} MiB of {}", peak >> 20, limit >> 20);
}

#[tokio::test]
async fn compiler_of_garbage_is_told_from_an_answer() {
    refuses("compiler_of_garbage", "the compiler's answer is broken").await;
}

#[tokio::test]
async fn compiler_of_too_much_is_cut_off() {
    refuses("compiler_of_too_much", "268435456 bytes announced, 268435457 or more came").await;
}

#[tokio::test]
async fn compiler_that_never_ends_is_killed() {
    let began = std::time::Instant::now();
    refuses("compiler_that_never_ends", "the compiler was killed after 60 s").await;
    assert!(began.elapsed() >= Duration::from_secs(60), "not before");
}

#[tokio::test]
async fn compiler_forging_its_head_gets_no_memory_for_it() {
    refuses("compiler_forging_its_head", "268435456 bytes announced, 4 or more came").await;
}

#[tokio::test]
async fn compiler_of_another_engine_is_told_to_be_one() {
    refuses("compiler_of_another_engine", "install both from one build").await;
}

#[tokio::test]
async fn compiler_closing_early_is_no_answer() {
    refuses("compiler_closing_early", "the compiler's answer is broken: no line").await;
}

#[tokio::test]
async fn compiler_saying_nothing_is_no_answer_although_it_ends_well() {
    refuses("compiler_saying_nothing", "the compiler's answer is broken: no line").await;
}

#[tokio::test]
async fn compiler_flooding_stderr_fills_no_memory() {
    refuses("compiler_flooding_stderr", "the compiler was killed after 60 s").await;
}
