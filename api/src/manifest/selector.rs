//! Labels as selectors: a set of labels matches whatever carries every one of them.

use std::collections::BTreeMap;

/// Whether `labels` carries every pair of `wanted`. An empty `wanted` matches everything.
pub fn matches(wanted: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wanted_label_must_be_there() {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let labels: BTreeMap<_, _> = map(&[("a", "1"), ("b", "2")]);
        assert!(matches(&map(&[]), &labels));
        assert!(matches(&map(&[("a", "1")]), &labels));
        assert!(!matches(&map(&[("a", "2")]), &labels));
        assert!(!matches(&map(&[("a", "1"), ("c", "3")]), &labels));
    }
}
