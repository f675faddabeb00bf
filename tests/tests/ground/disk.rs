//! A disk without room, and one that is only read, under the agent and under the aggregator.

use harness::disk::{self, Disk};
use harness::skip;
use harness::small::{self, Small};
use jiff::Timestamp;

use crate::scene::{FEW, Scene, says};

/// Room for a plugin's native code and for what a test tells; filled within a second.
const MIB: u32 = 48;
const DROPPED: &str = "floorwalker_spool_dropped_total";

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_on_a_full_disk_checks_on_and_reports_again_once_there_is_room() {
    if let Some(why) = small::unavailable() {
        return skip::because("an_agent_on_a_full_disk_checks_on_and_reports_again_once_there_is_room", &why);
    }
    let mut scene = Scene::of_aggregator(FEW).await;
    let small = Small::mount(&scene.folder.path().join("agent"), MIB).expect("mounted");
    scene.start_agent(|command| command);
    scene.reports_after(Timestamp::UNIX_EPOCH).await;
    small.fill().expect("filled");
    scene.rises(DROPPED, 1.0).await;
    scene.runs_on().await;
    says(scene.agent(), &["the spool takes nothing", "free room on its disk"]).await;
    small.empty().expect("emptied");
    scene.reports_after(Timestamp::now()).await;
    drop(scene.agent.take());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_on_a_read_only_disk_checks_on_and_reports_again_once_it_is_writable() {
    if let Some(why) = disk::unavailable() {
        return skip::because("an_agent_on_a_read_only_disk_checks_on_and_reports_again_once_it_is_writable", &why);
    }
    let mut scene = Scene::of_aggregator(FEW).await;
    let disk = Disk::mount(&scene.folder.path().join("agent")).expect("mounted");
    scene.start_agent(|command| command);
    scene.reports_after(Timestamp::UNIX_EPOCH).await;
    disk.make_read_only();
    scene.rises(DROPPED, 1.0).await;
    scene.runs_on().await;
    says(scene.agent(), &["the spool takes nothing", "mount its disk writable"]).await;
    disk.make_writable();
    scene.reports_after(Timestamp::now()).await;
    drop(scene.agent.take());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_on_a_full_disk_answers_readers_and_takes_records_again_once_there_is_room() {
    if let Some(why) = small::unavailable() {
        return skip::because(
            "an_aggregator_on_a_full_disk_answers_readers_and_takes_records_again_once_there_is_room",
            &why,
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let small = Small::mount(&folder.path().join("aggregator"), MIB).expect("mounted");
    let scene = Scene::on(folder, small, FEW, |command| command).await;
    refused_and_taken_again(scene, |small| small.fill().expect("filled"), |small| small.empty().expect("emptied"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_on_a_read_only_disk_answers_readers_and_takes_records_again_once_it_is_writable() {
    if let Some(why) = disk::unavailable() {
        return skip::because(
            "an_aggregator_on_a_read_only_disk_answers_readers_and_takes_records_again_once_it_is_writable",
            &why,
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(&folder.path().join("aggregator")).expect("mounted");
    let scene = Scene::on(folder, disk, FEW, |command| command).await;
    refused_and_taken_again(scene, Disk::make_read_only, Disk::make_writable).await;
}

async fn refused_and_taken_again<G>(mut scene: Scene<G>, break_it: impl Fn(&G), mend_it: impl Fn(&G)) {
    scene.start_agent(|command| command);
    scene.reports_after(Timestamp::UNIX_EPOCH).await;
    let token = scene.site.token(&scene.aggregator_data(), "acme", "viewer").expect("a token");
    let viewer = scene.client().with_token(&token);
    break_it(&scene.ground);
    let broken_at = Timestamp::now();
    says(&mut scene.aggregator, &["nothing of the last writes is stored", "free room on the store's disk"]).await;
    says(scene.agent(), &["records cannot be reported"]).await;
    assert_eq!(viewer.get("/v1/checks").await.expect("an answer").status, 200, "readers are answered");
    scene.runs_on().await;
    mend_it(&scene.ground);
    // What ran meanwhile arrives too: it waited in the agent's spool.
    scene.reports_after(broken_at).await;
    scene.reports_after(Timestamp::now()).await;
    drop(scene.agent.take());
    scene.aggregator.stop();
}
