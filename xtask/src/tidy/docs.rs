//! Every Rust file says what it is, and nothing is empty. Pure.

use super::Violation;
use super::house::Source;

const RULE: &str = "docs";

/// Shorter says no more than the name does.
const DOC_CHARS_MIN: usize = 20;

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let first = source.text.lines().next().unwrap_or_default();
    let Some(doc) = first.strip_prefix("//! ") else {
        let remedy = "begin the file with `//! `: what it is, who calls it, what it does not do";
        return vec![Violation::new(&source.path, 1, RULE, remedy)];
    };
    if doc.trim().len() < DOC_CHARS_MIN {
        let remedy = format!("`{doc}` says too little: what it is, who calls it, what it does not do");
        return vec![Violation::new(&source.path, 1, RULE, remedy)];
    }
    Vec::new()
}

pub(crate) fn empty(paths: &[String]) -> Vec<Violation> {
    paths.iter().map(|path| Violation::new(path, 1, RULE, "empty: lay nothing that holds nothing")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> usize {
        check(&Source::new("api/src/id.rs", text)).len()
    }

    #[test]
    fn a_file_begins_with_what_it_is() {
        assert_eq!(places("//! Newtypes for ids: a tenant's is never a check's.\n"), 0);
        assert_eq!(places("use std::fmt;\n"), 1);
        assert_eq!(places("//! Ids.\n"), 1);
    }

    #[test]
    fn nothing_is_empty() {
        assert_eq!(empty(&["docs/gate".to_owned()]).len(), 1);
        assert!(empty(&[]).is_empty());
    }
}
