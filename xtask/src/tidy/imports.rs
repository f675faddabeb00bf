//! Who may use what: libraries and calls that belong to one place of the house. Pure.

use super::Violation;
use super::house::Source;
use super::scan::Place;

const RULE: &str = "imports";

/// Something that may be used in some places only.
struct Ban {
    /// Paths that begin with one of these, segment by segment.
    paths: &'static [&'static str],
    /// Where it is at home: folders end with `/`.
    home: &'static [&'static str],
    tests: Tests,
    remedy: &'static str,
}

/// Whether test code is free of a ban.
#[derive(PartialEq)]
enum Tests {
    Free,
    Bound,
}

const BANS: [Ban; 8] = [
    Ban {
        paths: &[
            "tokio::spawn",
            "tokio::task::spawn",
            "tokio::task::spawn_blocking",
            "tokio::task::spawn_local",
            "tokio::task::JoinSet",
            "tokio_util::task",
            "std::thread::spawn",
            "std::thread::Builder",
            "std::thread::scope",
            "tokio::runtime",
        ],
        // The host may not know `process`: its ticker is a thread that no guest can starve, guests have a runtime apart
        // from the control plane, and a look-up of a name blocks in a bounded pool.
        home: &[
            "process/src/supervise/",
            "agent/host/src/ticker.rs",
            "agent/host/src/net/resolve.rs",
            "agent/compiler/",
            "xtask/",
        ],
        tests: Tests::Free,
        remedy: "spawn through process::supervise (Stage::spawn, Jobs, blocking), so that it has a name and an owner",
    },
    Ban {
        paths: &[
            "std::env::var",
            "std::env::var_os",
            "std::env::vars",
            "std::env::vars_os",
            "std::env::args",
            "std::env::args_os",
            "std::env::set_var",
        ],
        home: &["args.rs"],
        tests: Tests::Free,
        remedy: "read flags and environment in args.rs and hand the value on",
    },
    Ban {
        paths: &[
            "std::time::SystemTime::now",
            "std::time::Instant::now",
            "tokio::time::Instant::now",
            "jiff::Timestamp::now",
            "jiff::Zoned::now",
        ],
        // The host may not know `process`: it measures durations with the monotonic clock alone.
        // xtask measures how long builds take; the command-line tool's patience runs on the timer it sleeps on.
        home: &["process/src/clock.rs", "agent/host/src/", "agent/compiler/src/", "xtask/", "cli/"],
        tests: Tests::Free,
        remedy: "take a process::clock::Clock and ask it",
    },
    Ban {
        paths: &["std::time::SystemTime::now", "jiff::Timestamp::now", "jiff::Zoned::now"],
        home: &["process/src/clock.rs"],
        tests: Tests::Free,
        remedy: "take a process::clock::Clock and ask it for wall time",
    },
    Ban {
        paths: &["rusqlite", "tokio_postgres", "libsqlite3_sys"],
        home: &["aggregator/src/store/", "aggregator/tests/"],
        tests: Tests::Free,
        remedy: "go through the store's read traits and its two write doors",
    },
    Ban {
        paths: &["http::StatusCode", "axum::http::StatusCode", "hyper::StatusCode"],
        home: &["http/", "tests/"],
        tests: Tests::Free,
        remedy: "return a typed error; it becomes a status in a folder named http",
    },
    Ban {
        paths: &["wasmtime", "wasmtime_wasi"],
        home: &["agent/host/", "agent/compiler/", "bench/"],
        tests: Tests::Bound,
        remedy: "go through floorwalker-host",
    },
    Ban {
        paths: &["kube", "k8s_openapi"],
        home: &["kube/"],
        tests: Tests::Bound,
        remedy: "keep Kubernetes in a folder named kube",
    },
];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for ban in &BANS {
        if is_home(&source.path, ban.home) || (ban.tests == Tests::Free && source.is_test()) {
            continue;
        }
        for used in &source.scan.paths {
            let free = ban.tests == Tests::Free && used.place == Place::Test;
            if !free && ban.paths.iter().any(|banned| begins_with(&used.path, banned)) {
                let remedy = format!("{} does not belong here: {}", used.path, ban.remedy);
                found.push(Violation::new(&source.path, used.line, RULE, remedy));
            }
        }
    }
    found
}

/// A home with folders in it is from the root; a bare folder or file name is at home anywhere.
fn is_home(path: &str, homes: &[&str]) -> bool {
    homes.iter().any(|home| match home.strip_suffix('/') {
        Some(folder) if !folder.contains('/') => path.split('/').rev().skip(1).any(|part| part == folder),
        Some(_) => path.starts_with(home),
        None => path == *home || path.strip_suffix(home).is_some_and(|rest| rest.ends_with('/')),
    })
}

/// Whether `path` is `banned` or something below it.
pub(crate) fn begins_with(path: &str, banned: &str) -> bool {
    path.strip_prefix(banned).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn a_home_that_is_gone_is_on_no_list() {
        let root = crate::args::setting().root;
        let is_rooted = |home: &&&str| home.trim_end_matches('/').contains('/');
        let gone: Vec<_> =
            BANS.iter().flat_map(|ban| ban.home).filter(is_rooted).filter(|home| !root.join(home).exists()).collect();
        assert!(gone.is_empty(), "whatever comes to stand there would be free: {gone:?}");
    }

    #[test]
    fn spawning_belongs_to_the_supervisor() {
        let text = "fn f() { tokio::spawn(async {}); }";
        assert_eq!(places("agent/src/run/mod.rs", text), 1);
        assert_eq!(places("process/src/supervise/jobs.rs", text), 0);
        assert_eq!(places("agent/src/run/mod.rs", "#[cfg(test)] mod tests { fn f() { tokio::spawn(x) } }"), 0);
        assert_eq!(places("agent/src/run/mod.rs", "fn f() { tokio::task::yield_now() }"), 0);
    }

    #[test]
    fn the_environment_belongs_to_args() {
        let text = "use std::env; fn f() { env::var(\"HOME\"); }";
        assert_eq!(places("cli/src/up/plan.rs", text), 1);
        assert_eq!(places("cli/src/args.rs", text), 0);
    }

    #[test]
    fn clocks_belong_to_the_clock() {
        let text = "use std::time::{Duration, Instant}; fn f() { Instant::now(); }";
        assert_eq!(places("aggregator/src/gate/mod.rs", text), 1);
        assert_eq!(places("agent/host/src/run.rs", text), 0, "durations only");
        assert_eq!(places("agent/host/src/run.rs", "fn f() { std::time::SystemTime::now(); }"), 1);
    }

    #[test]
    fn the_database_belongs_to_the_store() {
        let text = "use rusqlite::Connection;";
        assert_eq!(places("aggregator/src/gate/snapshot.rs", text), 1);
        assert_eq!(places("aggregator/src/store/sqlite/writer.rs", text), 0);
    }

    #[test]
    fn status_codes_belong_to_http() {
        let text = "use http::StatusCode;";
        assert_eq!(places("aggregator/src/gate/answer.rs", text), 1);
        assert_eq!(places("aggregator/src/http/error.rs", text), 0);
        assert_eq!(places("agent/src/http/aggregator.rs", text), 0);
    }

    #[test]
    fn wasmtime_belongs_to_the_host() {
        let text = "use wasmtime::Engine;";
        assert_eq!(places("agent/src/run/call.rs", text), 1);
        assert_eq!(places("agent/host/src/engine.rs", text), 0);
        assert_eq!(places("agent/src/lib.rs", "use wasmtime_like::Engine;"), 0);
    }
}
