//! What the YAML reader says, in an author's words: the field, what is wrong with it, and what to do. Called by `read`,
//! which knows where it stands.

use super::kind::Kind;
use super::refusal::Fault;
use super::tree::{Place, Tree};
use super::yaml;
use crate::limits::cut;

/// Bytes of what somebody wrote that a message repeats.
const ECHO_BYTES_MAX: usize = 64;

/// What somebody wrote, as far as a message repeats it.
pub(super) fn echo(text: &str) -> &str {
    cut(text, ECHO_BYTES_MAX)
}

/// Names a field that is missing, when that is what the error is about.
pub(super) fn explain_missing<S: Kind>(error: &serde_saphyr::Error, text: &str) -> Option<Fault> {
    let serde_saphyr::Error::SerdeMissingField { field, .. } = error.without_snippet() else { return None };
    let full = missing::<S>(text, field).unwrap_or_else(|| (*field).to_owned());
    Some(Fault::new(full, "is missing", format!("add {field}")))
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

/// Names the field of a typed error and what to do about it.
pub(super) fn explain(error: &serde_saphyr::Error, tree: &Tree, place: Place) -> Fault {
    use serde_saphyr::Error as E;
    let at = tree.path_at(place);
    let under = |field: &str| match at.rsplit(['.', ']']).next() {
        Some(last) if last == field => at.clone(),
        _ if at.is_empty() => field.to_owned(),
        _ => format!("{at}.{field}"),
    };
    match error.without_snippet() {
        E::SerdeUnknownField { field, expected, .. } => {
            let message = format!("`{}` is unknown", echo(field));
            Fault::new(under(field), message, format!("write one of {}, or remove it", expected.join(", ")))
        }
        E::SerdeUnknownVariant { variant, expected, .. } => {
            let message = format!("`{}` is not one of {}", echo(variant), expected.join(", "));
            Fault::new(at, message, "write one of them")
        }
        E::QuotingRequired { value, .. } => {
            Fault::new(at, format!("`{}` reads as a number or a boolean", echo(value)), "put it in quotes")
        }
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

/// What a number of a type is, for people.
fn words_for(ty: &str) -> String {
    match ty {
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        other => format!("a value of the type {other}"),
    }
}

/// What is wrong with text that is not the YAML we take.
pub(super) fn explain_syntax(error: &serde_saphyr::Error) -> (String, String) {
    use serde_saphyr::Error as E;
    match error.without_snippet() {
        E::DuplicateMappingKey { key, .. } => {
            (format!("the key `{}` stands here twice", echo(key.as_deref().unwrap_or("?"))), "keep one".to_owned())
        }
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
        E::InvalidBooleanStrict { .. } => ("is not true or false".to_owned(), "write true or false".to_owned()),
        E::InvalidScalar { ty, .. } => (format!("is not {}", words_for(ty)), "correct the value".to_owned()),
        E::Unexpected { expected: "string scalar", .. } => {
            ("is a list or a map where one value is expected".to_owned(), "write one value".to_owned())
        }
        other => {
            let text = other.to_string();
            let first = text.lines().next().unwrap_or_default();
            // The place stands before the message already.
            let first = first.split_once(" at line ").map_or(first, |(message, _)| message);
            (format!("is not the YAML expected here: {}", cut(first, 200)), "correct it".to_owned())
        }
    }
}
