//! No circle of imports within a crate: of two files, or two folders, of one folder, one stands below the other. Pure.
//!
//! A folder counts as one with all that is in it. Its `mod.rs` is its face: what it and its own files take from each
//! other is not counted. A name that a face hands on belongs to the file that defines it. Test code may import anything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Violation;
use super::house::Source;
use super::scan::Place;

const RULE: &str = "circles";
/// A name is handed on by a face or two; more is an import that names itself, which the compiler refuses.
const HANDED_ON_MAX: usize = 8;

/// The modules of one crate, by their path without `crate`: `[]` is the root.
type Modules<'a> = BTreeMap<Vec<String>, &'a Source>;

/// The import that ties two places of a folder.
#[derive(Debug, Clone)]
struct Arrow {
    from: String,
    to: String,
    name: String,
    line: usize,
}

/// Arrows between the places of one folder: from, to, and the first import that draws it.
type Folder = BTreeMap<String, BTreeMap<String, Arrow>>;

pub(crate) fn check(sources: &[Source]) -> Vec<Violation> {
    let mut crates: BTreeMap<&str, Modules<'_>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !is_of_tests(source)) {
        if let Some((root, module)) = module(&source.path) {
            crates.entry(root).or_default().insert(module, source);
        }
    }
    crates.values().flat_map(folders).flat_map(circles).map(|circle| violation(&circle)).collect()
}

/// Files that are modules of test code alone.
fn is_of_tests(source: &Source) -> bool {
    source.path.contains("/tests/") || source.name().ends_with("tests.rs") || source.name() == "testing.rs"
}

/// The folder of a file's crate, and the file's module in it.
fn module(path: &str) -> Option<(&str, Vec<String>)> {
    let (root, inside) = path.split_once("/src/")?;
    let mut module: Vec<String> = inside.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|name| name == "mod") || matches!(inside, "lib.rs" | "main.rs") {
        module.pop();
    }
    Some((root, module))
}

/// Each folder's arrows.
fn folders(modules: &Modules<'_>) -> Vec<Folder> {
    let mut folders: BTreeMap<&[String], Folder> = BTreeMap::new();
    for (from, source) in modules {
        for used in source.scan.paths.iter().filter(|used| used.place == Place::Shipped) {
            let Some((to, name)) = resolve(modules, from, &used.path, HANDED_ON_MAX) else { continue };
            let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) else { continue };
            let target = modules[&to].path.clone();
            let arrow = Arrow { from: source.path.clone(), to: target, name, line: used.line };
            let folder = folders.entry(&from[..shared]).or_default();
            folder.entry(a.clone()).or_default().entry(b.clone()).or_insert(arrow);
        }
    }
    folders.into_values().collect()
}

/// The module in which a path ends that begins in `from`, and the name taken of it; none: it is of another crate.
fn resolve(modules: &Modules<'_>, from: &[String], path: &str, faces: usize) -> Option<(Vec<String>, String)> {
    let mut at = from.to_vec();
    let mut segments = path.split("::").peekable();
    if !matches!(segments.peek(), Some(&("crate" | "self" | "super"))) {
        child(modules, &at, segments.peek()?)?;
    }
    for segment in segments {
        match segment {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            _ => match child(modules, &at, segment) {
                Some(inner) => at = inner,
                None => return Some(defined(modules, at, segment, faces)),
            },
        }
    }
    Some((at, "itself".to_owned()))
}

/// Where a name of a module is defined, when the module only hands it on.
fn defined(modules: &Modules<'_>, at: Vec<String>, name: &str, faces: usize) -> (Vec<String>, String) {
    let handed_on = modules.get(&at).and_then(|source| source.scan.imports.get(name)).filter(|_| faces > 0);
    let further = handed_on.and_then(|path| resolve(modules, &at, path, faces - 1));
    further.unwrap_or_else(|| (at, name.to_owned()))
}

fn child(modules: &Modules<'_>, at: &[String], name: &str) -> Option<Vec<String>> {
    let inner: Vec<String> = at.iter().cloned().chain([name.to_owned()]).collect();
    modules.contains_key(&inner).then_some(inner)
}

/// The circles of a folder, the shortest first; what was told is not told again.
fn circles(mut folder: Folder) -> Vec<Vec<Arrow>> {
    let mut found = Vec::new();
    loop {
        let shortest = folder.keys().filter_map(|place| around(&folder, place)).min_by_key(Vec::len);
        let Some(circle) = shortest else { return found };
        let arrows = circle.iter().zip(circle.iter().cycle().skip(1));
        found.push(arrows.map(|(from, to)| folder[from][to].clone()).collect());
        folder.retain(|place, _| !circle.contains(place));
    }
}

/// The shortest way from a place back to it.
fn around(folder: &Folder, start: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let nexts = way.last().and_then(|last| folder.get(last)).into_iter().flat_map(BTreeMap::keys);
        for next in nexts {
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back(way.iter().chain([next]).cloned().collect());
            }
        }
    }
    None
}

fn violation(circle: &[Arrow]) -> Violation {
    let told: Vec<String> =
        circle.iter().map(|Arrow { from, to, name, line }| format!("{from}:{line} -> {to} ({name})")).collect();
    let remedy = format!(
        "imports run in a circle: {}; give what both sides need a file of its own, below them",
        told.join(", ")
    );
    Violation::new(&circle[0].from, circle[0].line, RULE, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(*path, *text)).collect();
        check(&sources).into_iter().map(|violation| violation.to_string()).collect()
    }

    #[test]
    fn a_circle_is_told_file_by_file() {
        let files = [
            ("agent/src/lib.rs", "mod call; mod state; mod run;"),
            ("agent/src/call.rs", "use crate::state::State;\nfn f(s: State) {}"),
            ("agent/src/state.rs", "use std::fmt;\nuse crate::run::Run;"),
            ("agent/src/run.rs", "fn f() { super::call::f() }"),
        ];
        let told = found(&files);
        assert_eq!(told.len(), 1, "{told:?}");
        let arrows = "agent/src/call.rs:1 -> agent/src/state.rs (State), agent/src/state.rs:2 -> agent/src/run.rs (Run), \
                      agent/src/run.rs:1 -> agent/src/call.rs (f)";
        assert!(told[0].contains(arrows), "{told:?}");
        assert!(found(&files[..3]).is_empty(), "what imports down alone passes");
    }

    #[test]
    fn folders_are_tied_by_any_of_their_files() {
        let store = [
            ("agent/src/store/read.rs", "use crate::gate::ask::Ask;"),
            ("agent/src/gate/ask.rs", "pub struct Ask;"),
            ("agent/src/gate/answer.rs", "use crate::store::write::Write;"),
            ("agent/src/store/write.rs", "pub struct Write;"),
            ("agent/src/store/mod.rs", "mod read; mod write;"),
            ("agent/src/gate/mod.rs", "mod ask; mod answer;"),
            ("agent/src/lib.rs", "mod gate; mod store;"),
        ];
        assert_eq!(found(&store).len(), 1);
        assert!(found(&store[1..]).is_empty());
    }

    #[test]
    fn a_face_hands_on_what_its_files_define() {
        let files = [
            ("agent/src/lib.rs", "mod net; mod call; pub use call::Call;"),
            ("agent/src/call.rs", "use crate::net::Stream;"),
            ("agent/src/net/mod.rs", "mod connect; pub use connect::Stream; fn f() { connect::open() }"),
            ("agent/src/net/connect.rs", "use super::Failure;\npub struct Stream;"),
        ];
        assert!(found(&files).is_empty(), "a face and its own files are one");
        let mut tied = files;
        tied[3].1 = "use crate::Call;";
        assert_eq!(found(&tied).len(), 1, "the root hands `Call` on; `call` defines it");
    }

    #[test]
    fn tests_may_import_anything() {
        let files = [
            ("agent/src/lib.rs", "mod a; mod b;"),
            ("agent/src/a.rs", "use crate::b::B;"),
            ("agent/src/b.rs", "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::A; }"),
            ("agent/src/b/tests.rs", "use crate::a::A;"),
        ];
        assert!(found(&files).is_empty());
    }
}
