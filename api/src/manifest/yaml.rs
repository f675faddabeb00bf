//! YAML of people: the documents of a file, and how each is parsed. Called by `read`. Bounded before it is parsed: bombs
//! of aliases, depth or size are refused.

use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Error, Options};

use super::tree::{Place, Tree};

/// Depth of a document: a Check's `config` is held at 16, its envelope adds three.
const DEPTH_MAX: usize = 32;
/// Scalars, lists and maps of a document: 1 MiB of the densest lists people write has 100,000.
const NODES_MAX: usize = 100_000;
/// References to anchors in a document; enough to share a block, too few for a bomb.
const ALIASES_MAX: usize = 64;
/// Events that aliases may replay: sharing, not multiplying.
const REPLAYED_EVENTS_MAX: usize = 10_000;

/// One document of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct DocumentText<'t> {
    /// Its text, from its `---` line on.
    pub(super) text: &'t str,
    /// Lines of the file before it.
    pub(super) lines_before: u32,
}

/// Splits a file at its `---` lines. By YAML's own rule such a line ends a document wherever it stands, so one broken
/// document never hides the next. Documents of blanks and comments alone are left out.
pub(super) fn documents(text: &str) -> Vec<DocumentText<'_>> {
    let mut found = vec![];
    let (mut start, mut start_line, mut offset) = (0, 0, 0);
    for (line, content) in (0u32..).zip(text.split_inclusive('\n')) {
        if is_marker(content) {
            found.push(DocumentText { text: &text[start..offset], lines_before: start_line });
            (start, start_line) = (offset, line);
        }
        offset += content.len();
    }
    found.push(DocumentText { text: &text[start..], lines_before: start_line });
    found.retain(|document| !is_blank(document.text));
    found
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn is_blank(text: &str) -> bool {
    let said = |line: &str| !line.is_empty() && !line.starts_with('#');
    !text.lines().any(|line| said(line.strip_prefix("---").unwrap_or(line).trim()))
}

/// How every document is parsed, whatever its type. Plain scalars that read as numbers or booleans are not taken for
/// strings, as in a cluster; merge keys hide where a value comes from.
pub(super) fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
            max_aliases: ALIASES_MAX,
            max_anchors: ALIASES_MAX,
            max_recorded_anchor_events: REPLAYED_EVENTS_MAX,
            max_documents: 1,
            max_total_scalar_bytes: crate::limits::MANIFEST_BYTES_MAX,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPLAYED_EVENTS_MAX },
        strict_booleans: true,
        no_schema: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// The shape of a document.
pub(super) fn tree(text: &str) -> Result<Tree, Error> {
    serde_saphyr::from_str_with_options(text, options())
}

/// The place an error names, or the document's beginning.
pub(super) fn place_of(error: &Error) -> Place {
    error.location().map_or(Place { line: 1, column: 1 }, Place::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_at_markers_and_blank_ones_left_out() {
        let found = documents("# a\n---\na: 1\n--- # b\n\n---\n--- {b: 1}\n");
        let seen: Vec<_> = found.iter().map(|d| (d.lines_before, d.text)).collect();
        assert_eq!(seen, [(1, "---\na: 1\n"), (6, "--- {b: 1}\n")]);
    }

    #[test]
    fn bombs_and_duplicates_are_refused() {
        let bomb = (1..20).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
            let before = n - 1;
            text + &format!("a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}]\n")
        });
        assert!(tree(&bomb).is_err());
        assert!(tree(&format!("{}1{}", "[".repeat(40), "]".repeat(40))).is_err());
        assert!(tree("a: 1\na: 2\n").is_err());
        assert!(tree("a: &x {b: 1}\nc: {<<: *x}\n").is_err());
        assert!(tree("a: &x {b: 1}\nc: *x\n").is_ok());
    }
    #[test]
    fn places_are_found_by_path_and_paths_by_place() {
        let tree = tree("a:\n  b: [1, {c: x}]\n  d: y\n").expect("a tree");
        assert_eq!(tree.locate("a.b[1].c"), Place { line: 2, column: 11 });
        assert_eq!(tree.locate("a.missing"), Place { line: 1, column: 1 });
        assert_eq!(tree.path_at(Place { line: 2, column: 14 }), "a.b[1].c");
        assert_eq!(tree.path_at(Place { line: 3, column: 6 }), "a.d");
        assert_eq!(tree.text(&["a", "d"]), Some("y"));
    }
}
