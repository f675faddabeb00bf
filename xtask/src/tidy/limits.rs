//! No queue and no file without a limit, and each limit says where it comes from. Pure.
//!
//! What else has a limit is the matter of types (`process::http::client` takes bounds, an API's router a body's limit) and
//! of clippy.

use super::Violation;
use super::house::Source;
use super::imports::begins_with;
use super::scan::Place;

const RULE: &str = "limits";

/// Queues that take as much as anybody sends.
const ENDLESS_QUEUES: [&str; 5] = [
    "std::sync::mpsc::channel",
    "tokio::sync::mpsc::unbounded_channel",
    "tokio::sync::mpsc::UnboundedSender",
    "futures_util::channel",
    "futures_channel::mpsc::unbounded",
];

/// Calls that read a file to its end, however far that is.
const WHOLE_FILES: [&str; 4] =
    ["std::fs::read", "std::fs::read_to_string", "tokio::fs::read", "tokio::fs::read_to_string"];

/// One line that the kernel or the system's installer writes.
const SYSTEM_FILES: [&str; 2] = ["agent/src/machine.rs", "agent/src/spool/writer.rs"];

/// Crates that ship nothing: they read the checkout.
const NOT_SHIPPED: [&str; 3] = ["xtask/", "bench/", "tests/"];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    if source.is_generated() || source.is_test() || NOT_SHIPPED.iter().any(|folder| source.path.starts_with(folder)) {
        return Vec::new();
    }
    calls(source).into_iter().chain(origins(source)).collect()
}

fn calls(source: &Source) -> Vec<Violation> {
    let reads_whole = !SYSTEM_FILES.contains(&source.path.as_str());
    let shipped = source.scan.paths.iter().filter(|used| used.place == Place::Shipped);
    let violation = |line: usize, remedy: String| Violation::new(&source.path, line, RULE, remedy);
    shipped
        .filter_map(|used| {
            let is_one = |of: &[&str]| of.iter().any(|banned| begins_with(&used.path, banned));
            if is_one(&ENDLESS_QUEUES) {
                return Some(violation(used.line, format!("{}: a queue has a limit with a name", used.path)));
            }
            let is_whole = reads_whole && is_one(&WHOLE_FILES);
            is_whole.then(|| violation(used.line, format!("{}: open the file and `take` a limit of it", used.path)))
        })
        .collect()
}

/// A comment above each limit; one above a group of them is enough.
fn origins(source: &Source) -> Vec<Violation> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).take_while(|line| *line != "#[cfg(test)]").collect();
    let is_bare = |at: usize| {
        let above = lines[..at].iter().rev().find(|line| constant(line).is_none() && !line.starts_with("#["));
        !above.is_some_and(|line| line.starts_with("///"))
    };
    let limits =
        lines.iter().enumerate().filter_map(|(at, line)| Some((at, constant(line).filter(|it| is_limit(it))?)));
    limits
        .filter(|(at, _)| is_bare(*at))
        .map(|(at, name)| {
            Violation::new(&source.path, at + 1, RULE, format!("{name}: say above it where it comes from"))
        })
        .collect()
}

/// The name of a constant that this line begins.
fn constant(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub").map_or(line, |rest| rest.trim_start_matches(|c| c != ' ').trim_start());
    let (name, _) = line.strip_prefix("const ")?.split_once(':')?;
    Some(name)
}

fn is_limit(name: &str) -> bool {
    name.ends_with("_MAX") || name.ends_with("_MIN")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn a_queue_has_a_limit() {
        let endless = "use tokio::sync::mpsc; fn f() { mpsc::unbounded_channel() }";
        assert_eq!(places("agent/src/spool/writer.rs", endless), 1);
        assert_eq!(places("agent/src/run/mod.rs", "fn f() { std::sync::mpsc::channel() }"), 1);
        assert_eq!(places("agent/src/run/mod.rs", "fn f() { tokio::sync::mpsc::channel(WAITING_MAX) }"), 0);
    }

    #[test]
    fn a_file_is_read_up_to_a_limit() {
        let whole = "fn f() { std::fs::read_to_string(path) }";
        assert_eq!(places("aggregator/src/secret/dir.rs", whole), 1);
        assert_eq!(places("aggregator/src/secret/dir.rs", &format!("#[cfg(test)] mod tests {{ {whole} }}")), 0);
        assert_eq!(places("agent/src/machine.rs", whole), 0, "a line of the kernel's");
        assert_eq!(places("aggregator/src/secret/dir.rs", "fn f() { std::fs::read_dir(path) }"), 0);
    }

    #[test]
    fn a_limit_says_where_it_comes_from() {
        assert_eq!(places("api/src/limits.rs", "/// Ten.\npub const A_MAX: u8 = 10;\nconst B: u8 = 1;\n"), 0);
        assert_eq!(
            places("api/src/limits.rs", "/// Ten, so often.\nconst A_MAX: u8 = 10;\npub(crate) const B_MAX: u8 = 1;\n"),
            0
        );
        assert_eq!(places("api/src/limits.rs", "use a;\n\nconst A_MAX: u8 = 10;\n"), 1);
        assert_eq!(places("api/src/limits.rs", "/// Ten.\nconst A: u8 = 1;\n\npub const B_MIN: u8 = 10;\n"), 1);
    }
}
