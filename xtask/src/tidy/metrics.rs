//! Every series of our own is made in a stage's `metrics.rs`, registered where it is made, and has a row in
//! `docs/reference/metrics.md`; documents name no other. Pure.

use std::collections::BTreeMap;

use super::Violation;
use super::house::{House, Source, Text};
use super::markdown::spans;
use super::scan::Place;

const RULE: &str = "metrics";

/// Where operators read what they are.
const TABLE: &str = "docs/reference/metrics.md";
/// What the names of our own begin with.
const PREFIX: &str = "floorwalker_";
/// The processes that show metrics.
const SHOWN_BY: [&str; 3] = ["agent/src/", "aggregator/src/", "process/src/"];

/// Parts of the names of what a registry shows.
const SERIES: [&str; 3] = ["Counter", "Gauge", "Histogram"];
/// What makes one without registering it; options of one end alike.
const UNREGISTERED: [&str; 2] = ["::new", "::with_opts"];

pub(crate) fn check(house: &House) -> Vec<Violation> {
    let (made, mut found) = made(&house.rust);
    let shipped = house.rust.iter().filter(|source| is_shown(source) && !source.is_test());
    found.extend(shipped.flat_map(unregistered));
    let is_document = |text: &&Text| text.path.ends_with(".md");
    let mut told = Vec::new();
    for document in house.texts.iter().filter(is_document) {
        for (line, name) in named(&document.text) {
            if !made.contains_key(&name) {
                let remedy = format!("no `metrics.rs` makes `{name}`: write what is there");
                found.push(Violation::new(&document.path, line, RULE, remedy));
            }
            if document.path == TABLE {
                told.push(name);
            }
        }
    }
    let untold = made.into_iter().filter(|(name, _)| !told.contains(name));
    found.extend(untold.map(|(name, (path, line))| {
        Violation::new(path, line, RULE, format!("`{name}` has no row in {TABLE}: say there what it is for"))
    }));
    found
}

/// The series that are made, and where one is that is made elsewhere.
fn made(sources: &[Source]) -> (BTreeMap<String, (String, usize)>, Vec<Violation>) {
    let (mut made, mut found) = (BTreeMap::new(), Vec::new());
    for source in sources.iter().filter(|source| is_shown(source)) {
        for (line, name) in literals(&source.text) {
            if source.name() == "metrics.rs" {
                made.entry(name).or_insert_with(|| (source.path.clone(), line));
            } else if !source.is_test() {
                let remedy = format!("`{name}` stands outside a `metrics.rs`: make it with its stage's metrics");
                found.push(Violation::new(&source.path, line, RULE, remedy));
            }
        }
    }
    (made, found)
}

fn is_shown(source: &Source) -> bool {
    SHOWN_BY.iter().any(|folder| source.path.starts_with(folder))
}

/// What was made and is shown nowhere unless somebody thinks of it.
fn unregistered(source: &Source) -> Vec<Violation> {
    let is_series = |path: &str| {
        let of =
            UNREGISTERED.iter().find_map(|end| path.strip_suffix(end)).and_then(|of| of.strip_prefix("prometheus::"));
        of.is_some_and(|of| SERIES.iter().any(|series| of.contains(series)) && !of.ends_with("Opts"))
    };
    let shipped = source.scan.paths.iter().filter(|used| used.place == Place::Shipped && is_series(&used.path));
    let remedy = |path: &str| format!("`{path}` is shown nowhere: make it by `register_…_with_registry!`");
    shipped.map(|used| Violation::new(&source.path, used.line, RULE, remedy(&used.path))).collect()
}

/// String literals that are names of ours.
fn literals(text: &str) -> Vec<(usize, String)> {
    let of_line = |(index, line): (usize, &str)| {
        let strings = line.split('"').skip(1).step_by(2).filter(|text| name_of(text) == Some(*text));
        strings.map(|name| (index + 1, name.to_owned())).collect::<Vec<_>>()
    };
    text.lines().enumerate().flat_map(of_line).collect()
}

/// Code spans of a document that begin with a name of ours.
fn named(text: &str) -> Vec<(usize, String)> {
    spans(text).filter_map(|(line, span)| name_of(span).map(|name| (line, name.to_owned()))).collect()
}

/// The name that a text begins with; a path of Rust and the bare prefix are none.
fn name_of(text: &str) -> Option<&str> {
    let end = text.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(text.len());
    let name = &text[..end];
    (name.starts_with(PREFIX) && name != PREFIX && !text[end..].starts_with("::")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(code: (&str, &str), table: &str) -> House {
        let document = Text { path: TABLE.to_owned(), text: table.to_owned() };
        House { rust: vec![Source::new(code.0, code.1)], texts: vec![document], empty: vec![] }
    }

    const CODE: &str = "let runs = counter(\"floorwalker_runs_total\", \"Runs by status.\");\n";
    const ROW: &str = "| `floorwalker_runs_total{status}` | begins with `floorwalker_`, as `floorwalker_sdk::run` |\n";

    #[test]
    fn a_series_and_its_row_belong_together() {
        let places = |code, table| check(&house(("agent/src/run/metrics.rs", code), table)).len();
        assert_eq!(places(CODE, ROW), 0);
        assert_eq!(places(CODE, ""), 1, "made, and no row");
        assert_eq!(places("", ROW), 1, "a row, and not made");
    }

    #[test]
    fn a_series_is_registered_where_it_is_made() {
        let places = |code: &str| check(&house(("agent/src/run/metrics.rs", code), "")).len();
        let head = "use prometheus::{IntCounter, Opts, Registry, register_int_counter_with_registry};\n";
        let options = "fn f() { let opts = Opts::new(\"a\", \"b\"); ";
        assert_eq!(places(&format!("{head}{options} IntCounter::with_opts(opts); }}")), 1);
        assert_eq!(places(&format!("{head}{options} register_int_counter_with_registry!(opts, registry); }}")), 0);
        assert_eq!(places("#[cfg(test)]\nmod tests { fn f() { prometheus::IntCounter::new(\"a\", \"b\"); } }"), 0);
    }

    #[test]
    fn a_series_is_made_with_its_stages_others() {
        assert_eq!(check(&house(("agent/src/run/mod.rs", CODE), "")).len(), 1);
        assert_eq!(check(&house(("agent/src/run/tests.rs", CODE), "")).len(), 0);
    }
}
