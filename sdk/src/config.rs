//! The configuration of a plugin: its JSON Schema for admission, and reading it in a run.
//! Called by `export`. The host validated it against the schema before; reading it strictly again costs nothing and
//! keeps a plugin right under a host that did not.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;

use crate::check::CheckError;
use crate::reason::Reason;

/// The schema of a configuration type, JSON Schema 2020-12, without references: a reader sees it whole.
pub(crate) fn schema<C: JsonSchema>() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<C>().to_value()
}

/// Reads a configuration.
///
/// # Errors
/// `invalid-config` with the place and the trouble.
pub(crate) fn parse<C: DeserializeOwned>(json: &str) -> Result<C, CheckError> {
    serde_json::from_str(json).map_err(|error| CheckError::new(Reason::InvalidConfig, format!("config: {error}")))
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use crate::reason::Reason;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Config {
        /// Where.
        base_url: String,
    }

    #[test]
    fn the_schema_is_closed_and_described() {
        let schema = super::schema::<Config>();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"], serde_json::json!(["baseUrl"]));
        assert_eq!(schema["properties"]["baseUrl"]["description"], "Where.");
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let config: Config = super::parse(r#"{"baseUrl": "https://shop.example"}"#).expect("a valid config");
        assert_eq!(config.base_url, "https://shop.example");
        let error = super::parse::<Config>(r#"{"baseUrl": "x", "colour": 1}"#).expect_err("an unknown field");
        assert_eq!(error.reason, Reason::InvalidConfig);
        assert!(error.message.contains("colour"), "{error}");
    }
}
