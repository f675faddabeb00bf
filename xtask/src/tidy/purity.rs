//! A file is pure, or it is a shell and its doc begins with `Shell:`. Pure.

use super::Violation;
use super::house::Source;
use super::imports::begins_with;
use super::scan::Place;

const RULE: &str = "purity";

/// What touches disk, network, clock, environment, processes or a runtime.
const IMPURE: [&str; 20] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::net",
    "std::os::unix::net",
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "tokio::time::Instant::now",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "tokio",
    "nix",
    "libc",
    "notify",
    "hyper_util::client",
    "rusqlite",
];

/// Values and types in those modules that touch nothing.
const VALUES: [&str; 22] = [
    "std::env::consts",
    "std::process::ExitCode",
    "std::net::IpAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::net::SocketAddr",
    "std::net::SocketAddrV4",
    "std::net::SocketAddrV6",
    "std::net::AddrParseError",
    // Channels and locks pass values between tasks; the traits of streams read nothing themselves.
    "tokio::sync",
    "tokio::select",
    "tokio::pin",
    "tokio::join",
    "tokio::test",
    "tokio::task::yield_now",
    "tokio::io::AsyncRead",
    "tokio::io::AsyncWrite",
    "tokio::io::AsyncReadExt",
    "tokio::io::AsyncWriteExt",
    "tokio::io::ReadBuf",
    "tokio::time::Instant",
    "nix::errno",
];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    if source.text.starts_with("//! Shell: ") || is_suite(source) || source.is_generated() {
        return Vec::new();
    }
    let shipped = source.scan.paths.iter().filter(|used| used.place == Place::Shipped);
    let first = shipped.into_iter().find(|used| touches(&used.path));
    first
        .map(|used| {
            let remedy = format!(
                "{} makes this a shell: move it to one, or begin the file's doc with `//! Shell: ` when it is one",
                used.path
            );
            Violation::new(&source.path, used.line, RULE, remedy)
        })
        .into_iter()
        .collect()
}

fn touches(path: &str) -> bool {
    let reads_a_clock = path.ends_with("::now");
    let is_value = !reads_a_clock && VALUES.iter().any(|value| begins_with(path, value));
    IMPURE.iter().any(|impure| begins_with(path, impure)) && !is_value
}

/// A suite's place says what it is: it runs real parts. Unit tests in a file of their own are as free as beside.
fn is_suite(source: &Source) -> bool {
    source.path.contains("/tests/") || matches!(source.name(), "tests.rs" | "testing.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> usize {
        check(&Source::new("api/src/limits.rs", text)).len()
    }

    #[test]
    fn a_pure_file_touches_nothing() {
        assert_eq!(places("//! Limits.\nuse std::fs;"), 1);
        assert_eq!(places("//! Limits.\nuse std::time::Instant; fn f() { Instant::now() }"), 1);
        assert_eq!(places("//! Limits.\nuse std::time::Instant; fn f(a: Instant, b: Instant) { a - b }"), 0);
        assert_eq!(places("//! Limits.\nfn f() { std::process::exit(1) }"), 1);
        assert_eq!(places("//! Limits.\nuse std::net::{IpAddr, Ipv4Addr}; use std::time::Duration;"), 0);
    }

    #[test]
    fn a_shell_says_so() {
        assert_eq!(places("//! Shell: reads limits.\nuse std::fs;"), 0);
    }

    #[test]
    fn tests_of_a_pure_file_may_touch_what_they_need() {
        assert_eq!(places("//! Limits.\n#[cfg(test)]\nmod tests { use std::fs; }"), 0);
    }
}
