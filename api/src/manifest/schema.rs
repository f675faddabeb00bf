//! The JSON Schema of each kind, from the types themselves. Read by editors, documentation and a golden test.

use super::envelope::Envelope;
use super::refusal::KindName;
use super::{check, freeze_rule, plugin, release_policy, tenant};

/// The schema of a whole document of this kind (JSON Schema 2020-12).
pub fn of(kind: KindName) -> serde_json::Value {
    let schema = match kind {
        KindName::Tenant => schemars::schema_for!(Envelope<tenant::Spec>),
        KindName::Plugin => schemars::schema_for!(Envelope<plugin::Spec>),
        KindName::Check => schemars::schema_for!(Envelope<check::Spec>),
        KindName::FreezeRule => schemars::schema_for!(Envelope<freeze_rule::Spec>),
        KindName::ReleasePolicy => schemars::schema_for!(Envelope<release_policy::Spec>),
    };
    let mut json = schema.to_value();
    pin(&mut json, "kind", kind.as_str());
    pin(&mut json, "apiVersion", super::API_VERSION);
    json
}

/// The envelope's type says only that these are strings.
fn pin(schema: &mut serde_json::Value, property: &str, value: &str) {
    if let Some(of_property) = schema.pointer_mut(&format!("/properties/{property}")) {
        *of_property = serde_json::json!({ "const": value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_take_what_the_types_take() {
        let valid = |json: serde_json::Value| {
            jsonschema::validator_for(&of(KindName::ReleasePolicy)).expect("a schema").is_valid(&json)
        };
        let policy = |requirements: serde_json::Value| {
            serde_json::json!({"apiVersion": "floorwalker.dev/v1alpha1", "kind": "ReleasePolicy", "metadata": {"name": "p"},
                "spec": {"match": {"classes": ["feature"]}, "requirements": requirements}})
        };
        assert!(valid(policy(serde_json::json!("none"))));
        assert!(valid(policy(serde_json::json!({"checks": [{"labels": {"a": "b"}}]}))));
        assert!(!valid(policy(serde_json::json!("nothing"))));
        assert!(!valid(policy(serde_json::json!({"checks": [{"label": {}}]}))));
    }

    #[test]
    fn every_kind_has_a_schema_that_refuses_unknown_fields() {
        for kind in KindName::ALL {
            let schema = of(kind);
            assert_eq!(schema["properties"]["kind"]["const"], kind.as_str());
            assert_eq!(schema["additionalProperties"], false, "{kind:?}");
        }
    }
}
