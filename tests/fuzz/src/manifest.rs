//! The manifest parser: a file of people, as the catalogue takes it.

use api::catalogue::{self, Catalogue, DescribedPlugins};
use api::manifest::{FileText, read_file};

/// Any bytes as a file: every refusal names a line that the file has, and a catalogue can be made of it twice the same.
pub fn target(bytes: &[u8]) {
    let file = FileText::from_bytes("fuzz.yaml", bytes.to_vec());
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    for refusal in read_file(&file).into_iter().filter_map(Result::err) {
        assert!(refusal.line >= 1 && refusal.column >= 1, "{refusal:?}");
        // A parser counts a carriage return as a line too.
        let returns = bytes.iter().filter(|byte| **byte == b'\r').count() as u64;
        assert!(u64::from(refusal.line) <= lines + returns + 1, "{refusal:?}");
        assert!(!refusal.message.is_empty() && !refusal.remedy.is_empty(), "{refusal:?}");
    }
    let (files, described) = ([file], DescribedPlugins::new());
    let first = catalogue::next(&Catalogue::default(), &files, &described);
    let again = catalogue::next(&first, &files, &described);
    assert_eq!(first.version, again.version);
    assert_eq!(first.refused, again.refused);
}
