//! What every kind of manifest has: a name, a place to live, rules of its own, and what a table shows of it.
//! A new kind is a file with a `Spec` and `impl Kind for Spec`, and a `KindName`; the compiler names the places that match
//! over all of them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::envelope::Metadata;
use super::refusal::{Fault, KindName};
use crate::limits::cut;

/// A kind of manifest, implemented by its `Spec`.
pub trait Kind: Serialize + DeserializeOwned + schemars::JsonSchema {
    /// The word in `kind`.
    const NAME: KindName;

    /// Rules that its types alone do not hold. Fields are paths from the document's root.
    fn validate(&self, metadata: &Metadata) -> Vec<Fault>;

    /// What a table shows of a document: headings and cells.
    fn columns(&self) -> Vec<(&'static str, String)>;
}

/// Labels and annotations of a document: as many as Kubernetes users have, times ten.
const LABELS_MAX: usize = 64;
/// A label's value, as Kubernetes limits it.
const LABEL_BYTES_MAX: usize = 63;
/// A label's key: a DNS prefix of 253 bytes, a slash, 63 bytes.
const KEY_BYTES_MAX: usize = 317;

/// Rules that hold for the metadata of every kind.
pub(super) fn metadata_faults(metadata: &Metadata) -> Vec<Fault> {
    let mut faults = vec![];
    for (field, map) in [("metadata.labels", &metadata.labels), ("metadata.annotations", &metadata.annotations)] {
        if map.len() > LABELS_MAX {
            faults.push(Fault::new(field, format!("{} entries", map.len()), format!("keep {LABELS_MAX} or fewer")));
        }
    }
    for (key, value) in &metadata.labels {
        let field = format!("metadata.labels.{key}");
        if !is_label_key(key) {
            let message = format!("`{}` is not a label's key", cut(key, LABEL_BYTES_MAX));
            faults.push(Fault::new(
                field,
                message,
                "write letters, digits, `-`, `_`, `.`, with a DNS prefix and `/` at most",
            ));
        } else if !is_label_value(value) {
            let message = format!("`{}` is not a label's value", cut(value, LABEL_BYTES_MAX));
            faults.push(Fault::new(field, message, "write at most 63 letters, digits, `-`, `_`, `.`"));
        }
    }
    faults
}

fn is_label_key(key: &str) -> bool {
    let name = key.rsplit_once('/').map_or(key, |(_, name)| name);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    key.len() <= KEY_BYTES_MAX
        && !name.is_empty()
        && is_label_value(name)
        && key.chars().all(plain)
        && key.matches('/').count() <= 1
}

fn is_label_value(value: &str) -> bool {
    value.len() <= LABEL_BYTES_MAX && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Says of each entry that stands twice in a list.
pub(super) fn twice<'n>(field: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<Fault> {
    let mut seen = std::collections::BTreeSet::new();
    let again = names.into_iter().enumerate().filter(|(_, name)| !seen.insert(*name));
    again
        .map(|(index, name)| Fault::new(format!("{field}[{index}]"), format!("`{name}` stands here twice"), "keep one"))
        .collect()
}

/// Says when a list is longer than anybody needs.
pub(super) fn too_many(field: &str, count: usize, count_max: usize) -> Option<Fault> {
    (count > count_max).then(|| Fault::new(field, format!("{count} entries"), format!("keep {count_max} or fewer")))
}

/// Says when a line of text is empty or too long.
pub(super) fn line_fault(field: &str, text: &str, bytes_max: usize) -> Option<Fault> {
    if text.trim().is_empty() {
        return Some(Fault::new(field, "is empty", "write one line"));
    }
    (text.len() > bytes_max)
        .then(|| Fault::new(field, format!("has {} bytes", text.len()), format!("write {bytes_max} or fewer")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_kubernetes() {
        for good in ["journey", "app.kubernetes.io/name", "a_b-c"] {
            assert!(is_label_key(good), "{good}");
        }
        for bad in ["", "a/", "a/b/c", "sp ace", "ü"] {
            assert!(!is_label_key(bad), "{bad} was taken");
        }
        assert!(
            is_label_value("order-to-cash") && is_label_value("") && !is_label_value("a b") && !is_label_value("a/b")
        );
    }

    #[test]
    fn what_stands_twice_is_named_where_it_stands_again() {
        let faults = twice("spec.services", ["shop", "erp", "shop"]);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].field, "spec.services[2]");
    }
}
