//! From the text of a file to its documents, each valid or refused by itself. Called by the catalogue and by `check validate`.

use std::sync::Arc;

use super::document::{Document, Manifest, Source};
use super::envelope::{API_VERSION, Envelope};
use super::kind::{Kind, metadata_faults};
use super::refusal::{Fault, Head, KindName, Refusal};
use super::text::FileText;
use super::yaml::{self, DocumentText, Node, Place, Tree};
use crate::limits::cut;

/// Keys a document may have.
const KEYS: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];
/// Bytes of what somebody wrote that a message repeats.
const ECHO_BYTES_MAX: usize = 64;

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

/// Line and column of a field of a document that was read before, in its file. Falls back to the document's first line.
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
        if let serde_saphyr::Error::SerdeMissingField { field, .. } = error.without_snippet() {
            let full = missing::<S>(self.document.text, field).unwrap_or_else(|| (*field).to_owned());
            let fault = Fault::new(full, "is missing", format!("add {field}"));
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
            let message = format!("`{}` is unknown", cut(word, ECHO_BYTES_MAX));
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
            other => Fault::new(
                other,
                format!("`{}` is unknown", cut(other, ECHO_BYTES_MAX)),
                format!("keep only {}", KEYS.join(", ")),
            ),
        })
        .collect()
}

/// Names the field of a typed error and what to do about it.
fn explain(error: &serde_saphyr::Error, tree: &Tree, place: Place) -> Fault {
    use serde_saphyr::Error as E;
    let at = tree.path_at(place);
    let under = |field: &str| match at.rsplit(['.', ']']).next() {
        Some(last) if last == field => at.clone(),
        _ if at.is_empty() => field.to_owned(),
        _ => format!("{at}.{field}"),
    };
    match error.without_snippet() {
        E::SerdeUnknownField { field, expected, .. } => {
            let message = format!("`{}` is unknown", cut(field, ECHO_BYTES_MAX));
            Fault::new(under(field), message, format!("write one of {}, or remove it", expected.join(", ")))
        }
        E::SerdeUnknownVariant { variant, expected, .. } => {
            let message = format!("`{}` is not one of {}", cut(variant, ECHO_BYTES_MAX), expected.join(", "));
            Fault::new(at, message, "write one of them")
        }
        E::QuotingRequired { value, .. } => Fault::new(
            at,
            format!("`{}` reads as a number or a boolean", cut(value, ECHO_BYTES_MAX)),
            "put it in quotes",
        ),
        E::Message { msg, .. } | E::SerdeVariantId { msg, .. } => Fault::new(at, msg.clone(), "correct the value"),
        E::SerdeInvalidType { unexpected, expected, .. } | E::SerdeInvalidValue { unexpected, expected, .. } => {
            Fault::new(at, format!("{unexpected} stands where {expected} is expected"), "correct the value")
        }
        _ => {
            let (message, remedy) = explain_syntax(error);
            Fault { field: at, message, remedy }
        }
    }
}

/// The path of a missing field. The parser reports it where the map ends, which says little; the kind's own schema
/// says which map needs it.
fn missing<S: Kind>(text: &str, field: &str) -> Option<String> {
    let json: serde_json::Value = serde_saphyr::from_str_with_options(text, yaml::options()).ok()?;
    let validator = jsonschema::validator_for(&super::schema::of(S::NAME)).ok()?;
    let lacks = |error: &jsonschema::ValidationError<'_>| matches!(error.kind(), jsonschema::error::ValidationErrorKind::Required { property } if property.as_str() == Some(field));
    let error = validator.iter_errors(&json).find(lacks)?;
    Some(dotted(&format!("{}/{field}", error.instance_path().as_str())))
}

/// `/spec/once/0/to` as `spec.once[0].to`.
pub(crate) fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').filter(|part| !part.is_empty()) {
        let part = part.replace("~1", "/").replace("~0", "~");
        match part.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) if path.is_empty() => path.push_str(&part),
            Err(_) => path.push_str(&format!(".{part}")),
        }
    }
    path
}

/// What is wrong with text that is not the YAML we take.
fn explain_syntax(error: &serde_saphyr::Error) -> (String, String) {
    use serde_saphyr::Error as E;
    match error.without_snippet() {
        E::DuplicateMappingKey { key, .. } => (
            format!("the key `{}` stands here twice", cut(key.as_deref().unwrap_or("?"), ECHO_BYTES_MAX)),
            "keep one".to_owned(),
        ),
        E::Budget { .. }
        | E::AliasReplayLimitExceeded { .. }
        | E::AliasExpansionLimitExceeded { .. }
        | E::AliasReplayStackDepthExceeded { .. } => (
            "the document is too deep, too long or shares too much".to_owned(),
            "write it without aliases, or split it".to_owned(),
        ),
        E::NullIntoString { .. } => (
            "nothing stands where a key or a text is expected".to_owned(),
            "write it, or remove the line; text that holds a colon goes in quotes".to_owned(),
        ),
        E::TaggedScalarCannotDeserializeIntoString { .. } => {
            ("tags (`!`) are not taken".to_owned(), "remove the tag".to_owned())
        }
        E::MergeKeyNotAllowed { .. } => {
            ("merge keys (`<<`) are not taken".to_owned(), "write the fields out".to_owned())
        }
        E::AliasError { error, .. } => explain_syntax(error),
        other => {
            let text = other.to_string();
            let first = text.lines().next().unwrap_or_default();
            // The place stands before the message already.
            let first = first.split_once(" at line ").map_or(first, |(message, _)| message);
            (format!("is not the YAML expected here: {}", cut(first, 200)), "correct it".to_owned())
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
