//! What `up` promises of its processes: a folder has one at a time, and nothing outlives it.

use std::time::Duration;

use harness::{cli::Cli, machine, real::registry, skip, stand::Stand, until::until};
use nix::sys::signal::Signal;

/// Aggregator and agents drain within 10 s each; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_second_up_leaves_the_first_one_alone_and_a_killed_one_leaves_nothing() {
    if let Some(why) = registry::unavailable() {
        return skip::because("a_second_up_leaves_the_first_one_alone_and_a_killed_one_leaves_nothing", &why);
    }
    let stand = Stand::start().await.expect("a stand");
    let up = stand.up.pid();
    let mut children = machine::children(up, "floorwalker-aggregator").expect("readable");
    children.extend(machine::children(up, "floorwalker-agent").expect("readable"));
    assert_eq!(children.len(), 3, "an aggregator and two agents");

    let dir = stand.folder().join("up").display().to_string();
    let (shop, registry) = (&stand.state.shop.url, &stand.state.registry.url);
    let second = ["up", "--port", "0", "--dir", &dir, "--shop", shop, "--registry", registry];
    let second = Cli::bare().run(&second).expect("floorwalker");
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(second.stderr.contains(&format!("process {up}")), "{}", second.stderr);
    let viewer = Cli::of(&stand.state, &stand.state.tenants[0].tokens.viewer);
    assert_eq!(viewer.run(&["node", "list"]).expect("floorwalker").code, 0, "the first one still answers");
    assert!(children.iter().all(|child| machine::runs(*child)));

    machine::signal(up, Signal::SIGKILL).expect("killed");
    let gone = until(SOON, "the end of the children", async || {
        Ok((!children.iter().any(|child| machine::runs(*child))).then_some(()))
    });
    gone.await.expect("nothing is left");
}

#[test]
fn a_program_is_tied_to_nobody_else() {
    let ended = Cli::bare().run(&["tied", "1", "true"]).expect("floorwalker");
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("process 1"), "{}", ended.stderr);
}
