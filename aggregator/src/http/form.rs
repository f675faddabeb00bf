//! Whether a JSON body has the form that the OpenAPI document shows: serde also reads an object from a list of its
//! values in order, and a word from an object with that one key. Called by `extract`; it reads no bytes itself.

use serde_json::Value;

/// Holds a body against the same request as we would write it ourselves.
///
/// # Errors
/// What has another form, by its path.
pub(super) fn check(body: &Value, written: &Value) -> Result<(), String> {
    compare(body, written, "the body")
}

fn compare(body: &Value, written: &Value, at: &str) -> Result<(), String> {
    match (body, written) {
        (Value::Object(body), Value::Object(written)) => body.iter().try_for_each(|(key, value)| {
            // What is not written again was null: the same as absent.
            written.get(key).map_or(Ok(()), |written| compare(value, written, &format!("`{key}`")))
        }),
        (Value::Array(body), Value::Array(written)) => {
            body.iter().zip(written).try_for_each(|(body, written)| compare(body, written, at))
        }
        _ if kind(body) == kind(written) => Ok(()),
        _ => Err(format!("{at} is {}, and must be {}", kind(body), kind(written))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use api::http::decision::Ask;
    use serde_json::json;

    use super::*;

    /// Read as a question, if serde reads it at all, and held against it.
    fn checked(body: &Value) -> Result<(), String> {
        let ask: Ask = serde_json::from_value(body.clone()).expect("serde reads it");
        check(body, &serde_json::to_value(ask).expect("JSON"))
    }

    #[test]
    fn only_the_documented_form_is_taken() {
        let digest = api::id::Digest::of(b"one");
        let good = json!({"tenant": "acme", "environment": "prod", "service": "shop", "class": null,
            "action": "rollback", "subject": {"digest": digest}, "expected_duration_s": 5});
        assert_eq!(checked(&good), Ok(()));
        let list = json!(["acme", "prod", "shop", null, null, null, "deploy", null, null, null]);
        assert_eq!(checked(&list), Err("the body is a list, and must be an object".to_owned()));
        for (field, value, said) in [
            ("subject", json!([digest]), "`subject` is a list, and must be an object"),
            ("action", json!({"rollback": null}), "`action` is an object, and must be a text"),
        ] {
            let mut other = good.clone();
            other[field] = value;
            assert_eq!(checked(&other), Err(said.to_owned()));
        }
    }
}
