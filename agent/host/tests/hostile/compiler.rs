//! The compiler: what it refuses, in words an author can act on, and what it gives up before it reads.

use std::io::Write as _;
use std::time::{Duration, Instant};

use floorwalker_guests::raw::importing;

use crate::stage::{compile, compiled, compiler, wasm};

pub(crate) fn refusal(component: &[u8]) -> String {
    let output = compile(component);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let line = String::from_utf8(output.stderr).expect("text");
    assert_eq!(line.lines().count(), 1, "one line: {line}");
    line.trim().to_owned()
}

#[test]
fn a_plugin_is_described() {
    let (head, _) = compiled(&wasm("half_made"));
    assert_eq!((head["kind"].as_str(), head["warnings"].is_array()), (Some("journey"), true));
    let described: serde_json::Value =
        serde_json::from_str(head["describe"].as_str().expect("text")).expect("JSON of the guest");
    assert_eq!(described["kind"], "journey");
    assert!(described["config"]["properties"]["death"].is_object());
    let imports = head["imports"].as_array().expect("a list");
    assert!(imports.iter().any(|name| name == "floorwalker:check/ledger@0.1.0"), "{imports:?}");
}

#[test]
fn what_is_no_plugin_is_told_why() {
    assert!(refusal(b"").contains("not a WebAssembly component"));
    assert!(refusal(b"\0asm\x01\0\0\0").contains("wasm32-wasip2"));
    let imported = refusal(&importing("wasi:sockets/tcp@0.2.6"));
    assert_eq!(imported, "it imports `wasi:sockets/tcp@0.2.6`, which is not offered to plugins");
    let newer = refusal(&importing("floorwalker:check/log@0.9.0"));
    assert_eq!(newer, "it was built for floorwalker:check@0.9.0, this fleet runs floorwalker:check@0.1.0");
    let bare = refusal(b"\0asm\x0d\0\x01\0");
    assert!(bare.contains("exports no `describe`"), "{bare}");
    let mut cut = wasm("quiet");
    cut.truncate(cut.len() / 2);
    assert!(!refusal(&cut).is_empty());
}

#[test]
fn it_limits_itself_before_it_reads() {
    let mut child = compiler().spawn().expect("the compiler starts");
    let folder = format!("/proc/{}", child.id());
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).expect("a running process");
    let until = Instant::now() + Duration::from_secs(30);
    // The filters come last, two of them; it then waits for its first byte.
    while !read("status").lines().any(|line| line == "Seccomp_filters:\t2") {
        assert!(Instant::now() < until, "{}", read("status"));
        std::thread::yield_now();
    }
    let limits = read("limits");
    let limit = |name: &str| limits.lines().find(|line| line.starts_with(name)).expect("a limit").to_owned();
    assert!(limit("Max data size").contains("1073741824"));
    assert!(limit("Max cpu time").contains("60"));
    assert!(limit("Max core file size").contains(" 0 "));
    assert!(limit("Max file size").contains(" 0 "));
    assert!(read("status").contains("NoNewPrivs:\t1"));
    let _ = child.stdin.take().expect("piped").write_all(b"x");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn the_answer_may_be_sent_into_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answer");
    let mut command = compiler();
    command.stdout(std::fs::File::create(&path).expect("made"));
    let mut child = command.spawn().expect("the compiler starts");
    child.stdin.take().expect("piped").write_all(&wasm("quiet")).expect("taken");
    assert!(child.wait().expect("it ends").success());
    assert_eq!(std::fs::read(&path).expect("written").first(), Some(&b'{'));
}
