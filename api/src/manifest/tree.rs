//! The shape of a document and where each of its fields stands, whatever its kind. Made by `yaml`; `read` asks it for the
//! place of a field it refuses, and for the field at a place that the parser names.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

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

// === impl Place ===

impl Place {
    /// Where the parser says that something stands.
    pub(super) fn of(location: serde_saphyr::Location) -> Self {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).max(1);
        Self { line: narrow(location.line()), column: narrow(location.column()) }
    }
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
        Ok(Self { place: Place::of(spanned.referenced), node: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<String>::deserialize(from)?;
        Ok(Self { place: Place::of(spanned.referenced), text: spanned.value })
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
