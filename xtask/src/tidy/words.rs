//! No committed text holds a path of the machine it was written on, and every dependency comes from crates.io. Pure.

use super::Violation;
use super::house::House;
use crate::args::Setting;

const RULE: &str = "words";

/// Home folders of people and of root.
const HOMES: [&str; 3] = ["home", "root", "Users"];
/// A path begins where none of these stands before it.
const INSIDE_A_PATH: [char; 6] = ['/', '.', '_', '-', '}', '>'];

pub(crate) fn check(house: &House, setting: &Setting) -> Vec<Violation> {
    let mut banned: Vec<String> = HOMES.iter().map(|home| format!("/{home}/")).collect();
    banned.push(format!("{}/", setting.root.display()));
    banned.extend(setting.home.as_ref().map(|home| format!("{}/", home.display())));
    let rust = house.rust.iter().map(|source| (&source.path, &source.text));
    let texts = house.texts.iter().map(|text| (&text.path, &text.text));
    rust.chain(texts)
        .flat_map(|(path, text)| {
            let sources = if path == "Cargo.lock" { foreign(path, text) } else { Vec::new() };
            machine_paths(path, text, &banned).into_iter().chain(sources)
        })
        .collect()
}

fn machine_paths(path: &str, text: &str, banned: &[String]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(word) = banned.iter().find(|word| begins_a_path(line, word)) {
            let remedy = format!("`{word}` is a path of one machine: make it relative, or a placeholder");
            found.push(Violation::new(path, index + 1, RULE, remedy));
        }
    }
    found
}

fn begins_a_path(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !INSIDE_A_PATH.contains(&before))
    })
}

fn foreign(path: &str, lock: &str) -> Vec<Violation> {
    let sources = lock.lines().enumerate().filter(|(_, line)| line.starts_with("source = "));
    sources
        .filter(|(_, line)| !line.contains("github.com/rust-lang/crates.io-index"))
        .map(|(index, line)| {
            let remedy = format!("{line}: take the crate from crates.io");
            Violation::new(path, index + 1, RULE, remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_one_machine_are_seen() {
        let banned = [format!("/{}/", HOMES[0])];
        let bad = format!("see {}anna/notes", banned[0]);
        assert_eq!(machine_paths("README.md", &bad, &banned).len(), 1);
        let good = format!("see docs{}page", banned[0]);
        assert!(machine_paths("README.md", &good, &banned).is_empty(), "a part of a relative path");
    }

    #[test]
    fn dependencies_come_from_crates_io() {
        let good = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        assert!(foreign("Cargo.lock", good).is_empty());
        assert_eq!(foreign("Cargo.lock", "source = \"git+https://example.org/x\"").len(), 1);
    }
}
