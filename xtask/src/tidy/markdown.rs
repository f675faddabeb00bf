//! Shell: every path, link and name of code in the Markdown documents exists.
//!
//! Commands and flags are the matter of `commands`, series that of `metrics`, which takes its code spans from here.

use std::collections::BTreeSet;

use crate::args::Setting;

use super::Violation;
use super::house::House;

const RULE: &str = "markdown";

/// Signs of a placeholder or a pattern, not of a path.
const PLACEHOLDERS: [char; 12] = ['<', '>', '{', '}', '*', '$', '…', '|', ' ', '(', '=', ':'];

/// Something a document says exists.
#[derive(Debug, PartialEq, Eq)]
struct Mention {
    line: usize,
    path: String,
}

pub(crate) fn check(house: &House, setting: &Setting) -> Vec<Violation> {
    let folders: Vec<&str> = house
        .rust
        .iter()
        .map(|source| source.path.as_str())
        .chain(house.texts.iter().map(|text| text.path.as_str()))
        .filter_map(|path| path.split_once('/').map(|(folder, _)| folder))
        .collect();
    let is_no_word = |letter: char| !letter.is_alphanumeric() && letter != '_';
    let words: BTreeSet<&str> = house.rust.iter().flat_map(|source| source.text.split(is_no_word)).collect();
    let mut found = Vec::new();
    for document in house.texts.iter().filter(|text| text.path.ends_with(".md")) {
        let beside = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut missing = |mention: Mention, places: &[&str]| {
            let there = |place: &&str| setting.root.join(place).join(&mention.path).exists();
            if !places.iter().any(there) {
                let remedy = format!("`{}` does not exist: write what is there", mention.path);
                found.push(Violation::new(&document.path, mention.line, RULE, remedy));
            }
        };
        for link in links(&document.text) {
            missing(link, &[beside]);
        }
        for path in paths(&document.text, &folders) {
            missing(path, &["", beside]);
        }
        for (line, name) in names(&document.text).filter(|(_, name)| !words.contains(name)) {
            let remedy = format!("nothing in the code is called `{name}`: write what is there");
            found.push(Violation::new(&document.path, line, RULE, remedy));
        }
    }
    found
}

/// Targets of links that are no web address and no anchor.
fn links(text: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    for (line, text) in prose(text) {
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains(':') {
                found.push(Mention { line, path: path.to_owned() });
            }
        }
    }
    found
}

/// Code spans that begin with one of our folders and a slash.
fn paths(text: &str, folders: &[&str]) -> Vec<Mention> {
    let mut found = Vec::new();
    for (line, span) in spans(text) {
        let path = span.trim_start_matches("./").trim_end_matches('/');
        let is_ours = span.split_once('/').is_some_and(|(first, _)| folders.contains(&first));
        if is_ours && !path.contains(PLACEHOLDERS) {
            found.push(Mention { line, path: path.to_owned() });
        }
    }
    found
}

/// The last names of code spans that are paths of Rust, such as `role::TABLE` or `Harness::new()`.
fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    spans(text).filter_map(|(line, span)| {
        let path = span.strip_suffix("()").unwrap_or(span);
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        let (module, name) = path.rsplit_once("::")?;
        (module.split("::").all(is_word) && is_word(name)).then_some((line, name))
    })
}

/// Code spans, each with its line.
pub(super) fn spans(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(line, text)| text.split('`').skip(1).step_by(2).map(move |span| (line, span)))
}

/// Lines outside fenced blocks, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_and_web_addresses_left() {
        let text = "[a](docs/a.md#part) [b](https://example.org) [c](#here)\n```\n[d](gone.md)\n```\n";
        assert_eq!(links(text), [Mention { line: 1, path: "docs/a.md".to_owned() }]);
    }

    #[test]
    fn paths_are_code_spans_in_our_folders() {
        let text = "see `agent/src/` and `plugins/<name>/` and `foo/bar` and `deploy/*.yaml`";
        assert_eq!(paths(text, &["agent", "plugins", "deploy"]), [Mention { line: 1, path: "agent/src".to_owned() }]);
    }

    #[test]
    fn names_are_code_spans_with_a_path_of_rust() {
        let text = "`spool::Config` and `Harness::new()`, but `a: b`, `floorwalker check`, `<T>::of`, `std::`\n";
        assert_eq!(names(text).collect::<Vec<_>>(), [(1, "Config"), (1, "new")]);
    }

    #[test]
    fn what_a_document_says_is_looked_for() {
        let told = |text: &str| {
            let document = crate::tidy::house::Text { path: "CONTRIBUTING.md".to_owned(), text: text.to_owned() };
            let code = crate::tidy::house::Source::new("api/src/id.rs", "pub const LONGEST: u8 = 1;");
            let house = House { rust: vec![code], texts: vec![document], empty: vec![] };
            check(&house, &crate::args::setting()).len()
        };
        assert_eq!(told("[a](README.md) `api/src/id.rs` `id::LONGEST`"), 0);
        assert_eq!(told("[a](GONE.md) `api/src/gone.rs` `id::SHORTEST`"), 3);
    }
}
