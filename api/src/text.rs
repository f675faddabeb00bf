//! Types that documents write as a text: one macro for `grant` and `quantity`, whose types print and parse themselves.

/// Serialises a type by its `Display`, reads it by its `FromStr`, and gives it a JSON Schema of these members.
macro_rules! as_text {
    ($type:ident, $($key:literal: $value:expr),+) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", $($key: $value),+ })
            }
        }
    };
}

pub(crate) use as_text;
