//! YAML of people: documents of a file, each with the places of its fields. Called by `read`, and again by the catalogue
//! for the line of a field it refuses. Bounded before it is parsed: bombs of aliases, depth or size are refused.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Error, Options, Spanned};

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

/// A place in a document: line and column from 1, the line counted in the document's own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A document's shape and places. Values are kept as text only where a scalar is a string.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) place: Place,
    pub(super) node: Node,
}

#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    Other,
    List(Vec<Tree>),
    Map(Vec<(Key, Tree)>),
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Place,
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
    error.location().map_or(Place { line: 1, column: 1 }, place)
}

fn place(location: serde_saphyr::Location) -> Place {
    let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).max(1);
    Place { line: narrow(location.line()), column: narrow(location.column()) }
}

// === impl Tree ===

impl Tree {
    /// The value under a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Tree> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The text under a path of keys.
    pub(super) fn text(&self, path: &[&str]) -> Option<&str> {
        let found = path.iter().try_fold(self, |tree, key| tree.get(key))?;
        match &found.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entry of a key of a map.
    pub(super) fn entry(&self, key: &str) -> Option<(&Key, &Tree)> {
        match &self.node {
            Node::Map(entries) => entries.iter().find(|(name, _)| name.text == key).map(|(name, value)| (name, value)),
            _ => None,
        }
    }

    /// The place of a path such as `spec.when.once[1].to`; of its nearest parent when it is not written.
    pub(super) fn locate(&self, path: &str) -> Place {
        let (mut tree, mut place) = (self, self.place);
        for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
            let next = match (&tree.node, part.strip_suffix(']').map(str::parse::<usize>)) {
                (Node::List(items), Some(Ok(index))) => items.get(index).map(|item| (item.place, item)),
                _ => tree.entry(part).map(|(key, value)| (key.place, value)),
            };
            let Some((at, below)) = next else { return place };
            (tree, place) = (below, at);
        }
        place
    }

    /// The path of the field that holds a place: the last one that begins at or before it.
    pub(super) fn path_at(&self, place: Place) -> String {
        let mut best = (Place { line: 0, column: 0 }, String::new());
        self.visit(&mut String::new(), &mut |at, path| {
            if at <= place && at >= best.0 {
                best = (at, path.to_owned());
            }
        });
        best.1
    }

    /// Calls `see` with every field's places and path, in the order written.
    fn visit(&self, path: &mut String, see: &mut dyn FnMut(Place, &str)) {
        let length = path.len();
        match &self.node {
            Node::Map(entries) => {
                for (key, value) in entries {
                    let dot = if path.is_empty() { "" } else { "." };
                    path.push_str(dot);
                    path.push_str(&key.text);
                    see(key.place, path);
                    value.visit(path, see);
                    path.truncate(length);
                }
            }
            Node::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push_str(&format!("[{index}]"));
                    see(item.place, path);
                    item.visit(path, see);
                    path.truncate(length);
                }
            }
            Node::Text(_) | Node::Other => see(self.place, path),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Node>::deserialize(from)?;
        Ok(Self { place: place(spanned.referenced), node: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<String>::deserialize(from)?;
        Ok(Self { place: place(spanned.referenced), text: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = vec![];
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = vec![];
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
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
    fn places_are_found_by_path_and_paths_by_place() {
        let tree = tree("a:\n  b: [1, {c: x}]\n  d: y\n").expect("a tree");
        assert_eq!(tree.locate("a.b[1].c"), Place { line: 2, column: 11 });
        assert_eq!(tree.locate("a.missing"), Place { line: 1, column: 1 });
        assert_eq!(tree.path_at(Place { line: 2, column: 14 }), "a.b[1].c");
        assert_eq!(tree.path_at(Place { line: 3, column: 6 }), "a.d");
        assert_eq!(tree.text(&["a", "d"]), Some("y"));
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
}
