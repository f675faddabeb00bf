//! Every Rust file is a module of something: one that nobody names is never built, and a suite of its tests never runs.
//! Pure.

use super::Violation;
use super::house::{House, Source};

const RULE: &str = "unlinked";

/// Files that are a crate or a program, or stand for their folder.
const ROOTS: [&str; 3] = ["lib.rs", "main.rs", "mod.rs"];
/// Folders whose files cargo, or a test, takes one by one.
const ONE_BY_ONE: [&str; 4] = ["bin", "examples", "tests", "scope_ui"];

pub(crate) fn check(house: &House) -> Vec<Violation> {
    let unlinked = house.rust.iter().filter(|source| !is_root(source) && !is_named(house, source));
    let remedy = |source: &Source| format!("no module has a line `mod {};`, so it is never built", stem(source.name()));
    unlinked.map(|source| Violation::new(&source.path, 1, RULE, remedy(source))).collect()
}

fn is_root(source: &Source) -> bool {
    let folder = folder(&source.path);
    let last = folder.rsplit('/').next().unwrap_or(folder);
    // `tests` below `src` is a module like any other.
    let is_taken = ONE_BY_ONE.contains(&last) && !(last == "tests" && folder.contains("/src"));
    is_taken || (ROOTS.contains(&source.name()) && !folder.contains("/src/") && source.name() != "mod.rs")
}

/// Whether the file that stands for its folder names it, or one beside it by its path.
fn is_named(house: &House, source: &Source) -> bool {
    let (of, name) = match source.name() {
        "mod.rs" => (folder(folder(&source.path)), stem(folder(&source.path))),
        _ => (folder(&source.path), stem(source.name())),
    };
    let parents = [format!("{of}/mod.rs"), format!("{of}/lib.rs"), format!("{of}/main.rs"), format!("{of}.rs")];
    let (line, path) = (format!("mod {name};"), format!("#[path = \"{}\"]", source.name()));
    let names = |text: &str| text.lines().any(|text| text.trim_start().ends_with(&line));
    house.rust.iter().any(|other| {
        let is_beside = folder(&other.path) == of && other.text.contains(&path);
        is_beside || (parents.contains(&other.path) && names(&other.text))
    })
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".rs").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[(&str, &str)]) -> Vec<String> {
        let rust = files.iter().map(|(path, text)| Source::new(*path, *text)).collect();
        check(&House { rust, ..House::default() }).into_iter().map(|violation| violation.path).collect()
    }

    #[test]
    fn a_file_is_named_by_its_folder() {
        let whole = [
            ("agent/src/lib.rs", "pub mod run;\nmod disk;\n"),
            ("agent/src/disk.rs", ""),
            ("agent/src/run/mod.rs", "mod call;\n"),
            ("agent/src/run/call.rs", "#[cfg(test)]\nmod tests;\n"),
            ("agent/src/run/call/tests.rs", ""),
            ("tests/tests/systems/main.rs", "mod sandbox;"),
            ("tests/tests/systems/sandbox.rs", ""),
            ("tests/tests/law.rs", ""),
            ("tests/guests/examples/panic.rs", ""),
        ];
        assert_eq!(places(&whole), [""; 0]);
        let lost = ["agent/src/run/mod.rs", "agent/src/run/call.rs", "tests/tests/systems/sandbox.rs"];
        let without: Vec<_> = lost.iter().map(|path| (*path, "")).collect();
        assert_eq!(places(&without), lost);
    }
}
