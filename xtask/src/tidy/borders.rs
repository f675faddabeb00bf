//! What a folder of a crate does not know or make, where its dependencies would let it. Pure.

use super::Violation;
use super::house::Source;
use super::imports::begins_with;
use super::scan::Place;

const RULE: &str = "borders";

/// Folders that use a few modules of a crate they depend on, and no others.
struct Border {
    folders: &'static [&'static str],
    of: &'static str,
    open: &'static [&'static str],
    remedy: &'static str,
}

const BORDERS: [Border; 1] = [Border {
    folders: &["agent/host/src/", "agent/compiler/src/"],
    of: "api",
    open: &["api::grant", "api::id", "api::limits"],
    remedy: "the host takes bytes, grants and limits and gives an outcome: frames, manifests and results are its caller's",
}];

/// The one translation of an outcome, and the folders that could try another.
const RESULTS: &str = "agent/src/judge/outcome.rs";
const TELLERS: [&str; 2] = ["agent/src/", "cli/src/"];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let shipped = || source.scan.paths.iter().filter(|used| used.place == Place::Shipped && !source.is_test());
    let mut found = Vec::new();
    for border in BORDERS.iter().filter(|border| border.folders.iter().any(|folder| source.path.starts_with(folder))) {
        let is_closed = |path: &str| {
            path.split_once("::").is_some_and(|(first, _)| first == border.of)
                && !border.open.iter().any(|open| begins_with(path, open))
        };
        for used in shipped().filter(|used| is_closed(&used.path)) {
            let remedy = format!("{} does not belong here: {}", used.path, border.remedy);
            found.push(Violation::new(&source.path, used.line, RULE, remedy));
        }
    }
    if source.path != RESULTS && TELLERS.iter().any(|folder| source.path.starts_with(folder)) {
        for made in shipped().filter(|used| used.is_made && used.path == "api::result::CheckResult") {
            let remedy =
                format!("a result is made in {RESULTS} alone: give it the outcome, or what kept it from being one");
            found.push(Violation::new(&source.path, made.line, RULE, remedy));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn the_host_knows_grants_ids_and_limits_alone() {
        assert_eq!(places("agent/host/src/run.rs", "use api::{grant::Effective, limits::RunLimits};"), 0);
        assert_eq!(places("agent/host/src/run.rs", "use api::{frame::Assignment, limits::RunLimits};"), 1);
        assert_eq!(places("agent/host/src/settle.rs", "fn f() -> api::result::CheckResult { g() }"), 1);
        assert_eq!(places("agent/src/run/call.rs", "use api::frame::Assignment;"), 0, "the agent knows frames");
    }

    #[test]
    fn results_are_made_in_one_place() {
        let makes = "use api::result::CheckResult; fn f() -> CheckResult { CheckResult { status, ..g() } }";
        assert_eq!(places("agent/src/run/mod.rs", makes), 1);
        assert_eq!(places("cli/src/command/check/run.rs", makes), 1);
        assert_eq!(places(RESULTS, makes), 0);
        let reads = "use api::result::CheckResult; fn f(r: &CheckResult) { let CheckResult { status, .. } = r; }";
        assert_eq!(places("agent/src/schedule/driver.rs", reads), 0, "taking one apart");
        assert_eq!(places("agent/src/testing.rs", makes), 0, "tests make what they need");
    }
}
