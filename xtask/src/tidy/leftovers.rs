//! Nothing half-done stays: no ignored test, no permitted dead code, no note to come back. Pure.

use super::Violation;
use super::house::Source;

const RULE: &str = "leftovers";

/// Split, so that this file does not name itself.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for attribute in &source.scan.attributes {
        let word = attribute.text.as_str();
        if word == "ignore" || word.starts_with("ignore=") {
            let remedy = "an ignored test proves nothing: make it run, or skip it at run time and say why";
            found.push(Violation::new(&source.path, attribute.line, RULE, remedy));
        }
        // `expect` ends by itself when it is no longer needed; generated code may name paths as it likes.
        let permitted = word.strip_prefix("allow(").map(|list| list.replace("unused_qualifications", ""));
        if permitted.is_some_and(|list| list.contains("dead_code") || list.contains("unused")) {
            let remedy = "delete what is not used instead of permitting it";
            found.push(Violation::new(&source.path, attribute.line, RULE, remedy));
        }
    }
    for (index, line) in source.text.lines().enumerate() {
        if let Some(note) = NOTES.iter().find(|note| is_noted(line, note)) {
            let remedy = format!("{note}: do it now, or leave it out");
            found.push(Violation::new(&source.path, index + 1, RULE, remedy));
        }
    }
    found
}

/// A note is a word of its own behind a comment's slashes.
fn is_noted(line: &str, note: &str) -> bool {
    let Some((_, comment)) = line.split_once("//") else { return false };
    comment.split(|character: char| !character.is_ascii_alphanumeric()).any(|word| word == note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> usize {
        check(&Source::new("agent/src/lib.rs", text)).len()
    }

    #[test]
    fn no_test_is_ignored_and_no_dead_code_permitted() {
        assert_eq!(places("#[ignore]\nfn f() {}"), 1);
        assert_eq!(places("#[ignore = \"slow\"]\nfn f() {}"), 1);
        assert_eq!(places("#[allow(dead_code)]\nfn f() {}"), 1);
        assert_eq!(places("#[expect(clippy::unwrap_used, reason = \"x\")]\nfn f() {}"), 0);
    }

    #[test]
    fn no_note_to_come_back() {
        assert_eq!(places(&format!("// {}: later", NOTES[0])), 1);
        assert_eq!(places("// mastodons are fine"), 0);
    }
}
