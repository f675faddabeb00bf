//! From the text of a file to its documents, each valid or refused by itself. Called by the catalogue and by `check validate`.

use std::sync::Arc;

use super::document::{Document, Manifest, Source};
use super::envelope::{API_VERSION, Envelope};
use super::explain::{echo, explain, explain_missing, explain_syntax};
use super::kind::{Kind, metadata_faults};
use super::refusal::{Fault, Head, KindName, Refusal};
use super::text::FileText;
use super::tree::{Node, Place, Tree};
use super::yaml::{self, DocumentText};

/// Keys a document may have.
const KEYS: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

/// Reads the documents of a file, in order. A document with several faults gives a refusal for each.
pub fn read_file(file: &FileText) -> Vec<Result<Document, Refusal>> {
    match &file.text {
        Ok(text) => yaml::documents(text).into_iter().flat_map(|document| Reader { file, document }.read()).collect(),
        Err(why) => vec![Err(Refusal {
            file: file.path.clone(),
            line: 1,
            column: 1,
            field: String::new(),
            message: why.clone(),
            remedy: "make it a readable text file, or split it".to_owned(),
            head: None,
        })],
    }
}

/// Line and column of a field of a document that was read before, in its file: for what the catalogue refuses. Falls back to the document's first line.
pub(crate) fn locate(file: &FileText, source: &Source, field: &str) -> (u32, u32) {
    let fallback = (source.line, 1);
    let Ok(text) = &file.text else { return fallback };
    let of_source = yaml::documents(text).into_iter().find(|document| first_line(*document) == source.line);
    let Some(document) = of_source else { return fallback };
    let Ok(tree) = yaml::tree(document.text) else { return fallback };
    let place = tree.locate(field);
    (document.lines_before + place.line, place.column)
}

/// The line of the file on which a document's content begins.
fn first_line(document: DocumentText<'_>) -> u32 {
    let blank = |line: &str| {
        let rest = line.strip_prefix("---").unwrap_or(line).trim();
        rest.is_empty() || rest.starts_with('#')
    };
    let skipped = document.text.lines().take_while(|line| blank(line)).count();
    document.lines_before + 1 + u32::try_from(skipped).unwrap_or(u32::MAX)
}

/// One document on its way from text to type.
struct Reader<'f> {
    file: &'f FileText,
    document: DocumentText<'f>,
}

impl Reader<'_> {
    fn read(&self) -> Vec<Result<Document, Refusal>> {
        let tree = match yaml::tree(self.document.text) {
            Ok(tree) => tree,
            Err(error) => return vec![Err(self.broken(&error))],
        };
        let head = head(&tree);
        let faults = envelope_faults(&tree);
        if !faults.is_empty() {
            return self.refuse(&tree, head.as_ref(), faults);
        }
        let Some(kind) = tree.text(&["kind"]).and_then(KindName::from_word) else { return vec![] };
        match kind {
            KindName::Tenant => self.typed(&tree, head.as_ref(), Document::Tenant),
            KindName::Plugin => self.typed(&tree, head.as_ref(), Document::Plugin),
            KindName::Check => self.typed(&tree, head.as_ref(), Document::Check),
            KindName::FreezeRule => self.typed(&tree, head.as_ref(), Document::FreezeRule),
            KindName::ReleasePolicy => self.typed(&tree, head.as_ref(), Document::ReleasePolicy),
        }
    }

    /// Reads the document as its kind and holds it against the kind's rules.
    fn typed<S: Kind>(
        &self,
        tree: &Tree,
        head: Option<&Head>,
        make: fn(Arc<Manifest<S>>) -> Document,
    ) -> Vec<Result<Document, Refusal>> {
        let envelope = match serde_saphyr::from_str_with_options::<Envelope<S>>(self.document.text, yaml::options()) {
            Ok(envelope) => envelope,
            Err(error) => return vec![Err(self.mistyped::<S>(&error, tree, head))],
        };
        let mut faults = metadata_faults(&envelope.metadata);
        faults.extend(envelope.spec.validate(&envelope.metadata));
        if !faults.is_empty() {
            return self.refuse(tree, head, faults);
        }
        let source = Source { file: self.file.path.clone(), line: first_line(self.document) };
        vec![Ok(make(Arc::new(Manifest::new(envelope, source))))]
    }

    fn mistyped<S: Kind>(&self, error: &serde_saphyr::Error, tree: &Tree, head: Option<&Head>) -> Refusal {
        if let Some(fault) = explain_missing::<S>(error, self.document.text) {
            return self.refusal(tree.locate(&fault.field), fault, head.cloned());
        }
        let place = yaml::place_of(error);
        self.refusal(place, explain(error, tree, place), head.cloned())
    }

    fn refuse(&self, tree: &Tree, head: Option<&Head>, faults: Vec<Fault>) -> Vec<Result<Document, Refusal>> {
        let refusals = faults.into_iter().map(|fault| self.refusal(tree.locate(&fault.field), fault, head.cloned()));
        refusals.map(Err).collect()
    }

    /// A document that is not YAML: its head is read from what stands before `spec`, so that a broken rule still says
    /// whom it concerns.
    fn broken(&self, error: &serde_saphyr::Error) -> Refusal {
        let mut offset = 0;
        let mut before_spec = None;
        for line in self.document.text.split_inclusive('\n') {
            if line.starts_with("spec") {
                before_spec = Some(&self.document.text[..offset]);
                break;
            }
            offset += line.len();
        }
        let head = before_spec.and_then(|text| yaml::tree(text).ok()).and_then(|tree| head(&tree));
        let (message, remedy) = explain_syntax(error);
        self.refusal(yaml::place_of(error), Fault { field: String::new(), message, remedy }, head)
    }

    fn refusal(&self, place: Place, fault: Fault, head: Option<Head>) -> Refusal {
        Refusal {
            file: self.file.path.clone(),
            line: self.document.lines_before + place.line,
            column: place.column,
            field: fault.field,
            message: fault.message,
            remedy: fault.remedy,
            head,
        }
    }
}

/// Kind, namespace and name, as far as they can be read. A namespace that is none belongs to nobody: no head.
fn head(tree: &Tree) -> Option<Head> {
    let kind = KindName::from_word(tree.text(&["kind"])?)?;
    let name = tree.text(&["metadata", "name"]).and_then(|name| name.parse().ok());
    let written = tree.get("metadata").and_then(|metadata| metadata.get("namespace"));
    let namespace = match written.map(|tree| &tree.node) {
        None => None,
        Some(Node::Text(namespace)) => Some(namespace.parse().ok()?),
        Some(_) => return None,
    };
    Some(Head { kind, namespace, name })
}

/// What is wrong around the spec, kind first.
fn envelope_faults(tree: &Tree) -> Vec<Fault> {
    let Node::Map(entries) = &tree.node else {
        return vec![Fault::new(
            "",
            "a document is a map with apiVersion, kind, metadata and spec",
            "write these four keys",
        )];
    };
    let known = || KindName::ALL.map(KindName::as_str).join(", ");
    match tree.text(&["kind"]) {
        None => return vec![Fault::new("kind", "is missing or not a word", format!("write one of {}", known()))],
        Some(word) if KindName::from_word(word).is_none() => {
            let message = format!("`{}` is unknown", echo(word));
            return vec![Fault::new("kind", message, format!("write one of {}", known()))];
        }
        Some(_) => {}
    }
    match tree.text(&["apiVersion"]) {
        Some(API_VERSION) => {}
        _ => {
            return vec![Fault::new("apiVersion", "is missing or unknown", format!("write apiVersion: {API_VERSION}"))];
        }
    }
    let unknown = entries.iter().filter(|(key, _)| !KEYS.contains(&key.text.as_str()));
    unknown
        .map(|(key, _)| match key.text.as_str() {
            "status" => Fault::new("status", "is written by the aggregator, never in a file", "remove it"),
            other => {
                Fault::new(other, format!("`{}` is unknown", echo(other)), format!("keep only {}", KEYS.join(", ")))
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
