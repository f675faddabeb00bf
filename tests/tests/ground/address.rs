//! The aggregator behind its name moves to another address: agents look the name up again.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Command;

use harness::child::Child;
use harness::skip;
use jiff::Timestamp;

use crate::scene::{FEW, Scene};

const NAME: &str = "aggregator.test";

/// The same command with another value of a flag.
fn with(command: &Command, flag: &str, value: &str) -> Command {
    let mut words: Vec<OsString> = command.get_args().map(OsStr::to_owned).collect();
    let at = words.iter().position(|word| word == flag).expect("the flag is there");
    words[at + 1] = value.into();
    let mut changed = Command::new(command.get_program());
    changed.args(words);
    changed
}

/// The same command where a file of the test stands for the machine's table of names.
fn with_names(command: &Command, names: &Path) -> Command {
    let mut apart = Command::new("unshare");
    apart.args(["--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]).arg(names);
    apart.arg(command.get_program()).args(command.get_args());
    apart
}

fn unavailable() -> Option<String> {
    let tried = Command::new("unshare").args(["--mount", "true"]).output();
    let works = tried.is_ok_and(|output| output.status.success());
    (!works).then(|| "a table of names of its own needs root and unshare of util-linux".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_that_moves_behind_its_name_is_found_again() {
    if let Some(why) = unavailable() {
        return skip::because("an_aggregator_that_moves_behind_its_name_is_found_again", &why);
    }
    let mut scene = Scene::of_aggregator(FEW).await;
    scene.site.issue(&["ca", "issue", "server", "--name", "127.0.0.1", "--name", NAME]).expect("issued");
    let names = scene.folder.path().join("hosts");
    fs::write(&names, format!("127.0.0.1 {NAME}\n")).expect("written");
    let port = scene.site.address().port();
    scene.start_agent(|command| with_names(&with(&command, "--aggregator", &format!("https://{NAME}:{port}")), &names));
    scene.reports_after(Timestamp::UNIX_EPOCH).await;
    scene.aggregator.stop();
    scene.runs_on().await;
    fs::remove_file(scene.folder.path().join("addresses.json")).expect("removed");
    let command = scene.site.aggregator(&scene.aggregator_data()).expect("built");
    let moved = with(&command, "--listen", &format!("127.0.0.2:{port}"));
    scene.aggregator = Child::spawn("aggregator-moved", moved, scene.folder.path()).expect("started");
    // In place: the agent sees this very file.
    fs::write(&names, format!("127.0.0.2 {NAME}\n")).expect("written");
    scene.site.listening(&mut scene.aggregator).await.expect("listening");
    scene.takes().await;
}
