//! Compiled plugins on the disk of an agent that somebody writes to: forged, cut, and both while the agent starts again and
//! again. None of them runs and none of them ends the agent; it compiles anew.

use std::{
    fs,
    io::{Seek as _, Write as _},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::{
    ALONE,
    agent::{Agent, Setting, component, folder},
};

const CHECKS: &str = "apiVersion: floorwalker.dev/v1alpha1\nkind: Check\nmetadata: {name: quiet}\n\
    spec: {plugin: quiet, config: {}, runInterval: 5s, timeout: 5s}\n";

async fn with_one_plugin() -> Agent {
    let agent = Agent::start(folder(), &Setting::default()).await.expect("an agent");
    let plugin = agent.plugin("quiet", None, &component("quiet")).expect("written");
    agent.write("quiet.yaml", &format!("{CHECKS}{plugin}")).expect("written");
    passes(&agent).await;
    agent
}

async fn passes(agent: &Agent) {
    let ran = agent.says(0, "the check to run", |line| line.text("message") == "ran").await.expect("it runs");
    assert_eq!((ran.text("check"), ran.text("status")), ("quiet", "pass"), "{ran:?}");
}

fn artefact(agent: &Agent) -> PathBuf {
    let mut entries = fs::read_dir(agent.data().join("artefacts")).expect("a folder of artefacts");
    entries.next().expect("one artefact").expect("listed").path()
}

#[tokio::test]
async fn a_forged_or_cut_artefact_is_compiled_anew_at_the_next_start() {
    let _alone = ALONE.lock().await;
    let mut agent = with_one_plugin().await;
    let file = artefact(&agent);
    let whole = fs::read(&file).expect("an artefact");
    let mut forged = whole.clone();
    forged[whole.len() / 2] ^= 1;
    for broken in [&forged, &whole[..whole.len() / 2], &b""[..]] {
        let left = agent.stop();
        fs::write(&file, broken).expect("written");
        agent = Agent::start(left, &Setting::default()).await.expect("an agent");
        passes(&agent).await;
        let told = |line: &crate::agent::Line| line.text("message").contains("does not load, it is compiled again");
        assert!(agent.said().iter().any(told), "it says so: {:?}", agent.said());
        let metrics = agent.metrics().await.expect("metrics");
        assert!(metrics.contains("floorwalker_compile_cache_total{result=\"rejected\"} 1"), "{metrics}");
        assert_eq!(fs::read(&file).expect("made anew").len(), whole.len());
    }
}

/// Breaks a file again and again, until it is dropped.
struct Vandal {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Vandal {
    fn begin(file: PathBuf, whole: Vec<u8>) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let of_thread = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut turns = 0;
            while !of_thread.load(Ordering::Relaxed) {
                turns += 1;
                // The agent replaces the file by another one; whatever has the name now is broken. It may be away.
                let Ok(mut open) = fs::OpenOptions::new().write(true).open(&file) else { continue };
                let _ = open.set_len(whole.len() as u64 / 2);
                let _ = open
                    .seek(std::io::SeekFrom::Start(whole.len() as u64 / 3))
                    .and_then(|_| open.write_all(&[0xcc; 4096]));
                let _ = open.rewind().and_then(|()| open.write_all(&whole));
                std::thread::sleep(Duration::from_micros(200));
            }
            turns
        });
        Self { stop, thread: Some(thread) }
    }

    fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("once").join().expect("it only writes")
    }
}

#[tokio::test]
async fn an_artefact_that_is_rewritten_while_it_loads_ends_no_agent() {
    let _alone = ALONE.lock().await;
    let mut agent = with_one_plugin().await;
    let file = artefact(&agent);
    let vandal = Vandal::begin(file.clone(), fs::read(&file).expect("an artefact"));
    for _ in 0..5 {
        let left = agent.stop();
        agent = Agent::start(left, &Setting::default()).await.expect("an agent");
        // Ready with what was whole, or failed with a reason; either way it lives and tells.
        let told = |line: &crate::agent::Line| {
            let ready = line.text("message") == "a plugin's state changed" && line.text("state") == "ready";
            ready || (line.text("state") == "failed" && line.text("why").contains("does not load"))
        };
        agent.says(0, "what became of the plugin", told).await.expect("it lives");
    }
    assert!(vandal.end() > 5, "it was at work");
    let left = agent.stop();
    passes(&Agent::start(left, &Setting::default()).await.expect("an agent")).await;
}
