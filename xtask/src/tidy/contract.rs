//! Each interface of the contract with plugins is in every place that has to know it: most of them no compiler misses.
//! Pure.

use super::Violation;
use super::house::House;

const RULE: &str = "contract";

/// The worlds.
const WORLDS: &str = "wit/check.wit";
/// Where the world of checks ends; what it lacks and journeys have is generated once.
const JOURNEY: &str = "world journey";

/// Files that must have a text for each interface, and what it is there for.
const TEXTS: [(&str, &str, &str); 4] = [
    ("agent/host/src/link.rs", "wit::NAME::add_to_linker", "offer it to guests"),
    ("agent/host/src/link.rs", "\"NAME\"", "say that it is offered"),
    ("docs/author/README.md", "`NAME`", "say what it gives and what grants it"),
    ("wit/CHANGELOG.md", "`NAME`", "say that it came"),
];
/// The same for what both worlds have: there the wider one takes over what the other generates.
const SHARED: [(&str, &str, &str); 2] = [
    ("agent/host/src/bindings.rs", "\"floorwalker:check/NAME\": super::journey", "share its types"),
    ("sdk/src/bindings.rs", "\"floorwalker:check/NAME@0.1.0\": super::check", "share its types"),
];
/// Folders that have a module for each.
const MODULES: [&str; 2] = ["agent/host/src/capability", "sdk/src/host"];

pub(crate) fn check(house: &House) -> Vec<Violation> {
    let rust = house.rust.iter().map(|source| (source.path.as_str(), source.text.as_str()));
    let texts = house.texts.iter().map(|text| (text.path.as_str(), text.text.as_str()));
    let files: Vec<(&str, &str)> = rust.chain(texts).collect();
    let has = |path: &str, wanted: &str| files.iter().any(|(file, text)| *file == path && text.contains(wanted));
    let mut found = Vec::new();
    let worlds = files.iter().find(|(path, _)| *path == WORLDS).map_or("", |(_, text)| text);
    let checks = worlds.split(JOURNEY).next().unwrap_or_default();
    for name in imports(worlds) {
        let shared = if imports(checks).any(|shared| shared == name) { &SHARED[..] } else { &[] };
        for (path, wanted, what) in TEXTS.iter().chain(shared) {
            let wanted = wanted.replace("NAME", name);
            if !has(path, &wanted) {
                found.push(Violation::new(*path, 1, RULE, format!("`{wanted}` is missing for `{name}`: {what}")));
            }
        }
        for folder in MODULES {
            let (file, inside) = (format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs"));
            if !has(&file, "") && !has(&inside, "") {
                found.push(Violation::new(&file, 1, RULE, format!("is missing: the module of `{name}`")));
            }
        }
    }
    found
}

/// Interfaces that a world imports.
fn imports(worlds: &str) -> impl Iterator<Item = &str> {
    worlds.lines().filter_map(|line| line.trim().strip_prefix("import ")?.strip_suffix(';'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::house::{Source, Text};

    const CHECK: &str =
        "world check {\n    import dns;\n}\nworld journey {\n    include check;\n    import ledger;\n}\n";

    #[test]
    fn an_interface_is_looked_for_in_every_place() {
        let text = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        let all = "wit::dns::add_to_linker wit::ledger::add_to_linker \"dns\" \"ledger\"";
        let shared = "\"floorwalker:check/dns\": super::journey \"floorwalker:check/dns@0.1.0\": super::check";
        let module = |path: &str| Source::new(path, "");
        let rust = vec![
            Source::new("agent/host/src/link.rs", all),
            Source::new("agent/host/src/bindings.rs", shared),
            Source::new("sdk/src/bindings.rs", shared),
            module("agent/host/src/capability/dns.rs"),
            module("agent/host/src/capability/ledger.rs"),
            module("sdk/src/host/dns/mod.rs"),
            module("sdk/src/host/ledger.rs"),
        ];
        let told = [text("docs/author/README.md", "`dns` `ledger`"), text("wit/CHANGELOG.md", "`dns` `ledger`")];
        let whole = House { rust, texts: [&[text(WORLDS, CHECK)][..], &told].concat(), empty: vec![] };
        assert_eq!(check(&whole), []);
        let bare = House { texts: vec![text(WORLDS, CHECK)], ..House::default() };
        assert_eq!(check(&bare).len(), 2 * (TEXTS.len() + MODULES.len()) + SHARED.len());
    }
}
