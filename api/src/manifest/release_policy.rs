//! ReleasePolicy: what a release needs. Several that match are united, the strictest value wins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::Metadata;
use super::kind::{Kind, too_many};
use super::mode::Mode;
use super::refusal::{Fault, KindName};
use crate::id::{EnvironmentName, ServiceName};

/// What a policy asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Which releases.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Whether it binds or only shows what it would do.
    #[serde(default)]
    pub mode: Mode,
    /// What must hold.
    pub requirements: Requirements,
}

/// Which releases a policy is for; empty or absent: all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Match {
    /// Environments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<EnvironmentName>,
    /// Release classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// Services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceName>,
}

/// What kind of change a release is; from the strictest in need of care to the least is no order: classes are names.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// New behaviour.
    Feature,
    /// Settings.
    Config,
    /// Prices, promotions, catalogue.
    BusinessConfig,
    /// The database's shape.
    Schema,
    /// Partners' interfaces.
    Integration,
    /// The ground it stands on.
    Infra,
    /// A security fix.
    SecurityHotfix,
    /// Something burns.
    Emergency,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Feature,
        Self::Config,
        Self::BusinessConfig,
        Self::Schema,
        Self::Integration,
        Self::Infra,
        Self::SecurityHotfix,
        Self::Emergency,
    ];

    /// The word used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Config => "config",
            Self::BusinessConfig => "business-config",
            Self::Schema => "schema",
            Self::Integration => "integration",
            Self::Infra => "infra",
            Self::SecurityHotfix => "security-hotfix",
            Self::Emergency => "emergency",
        }
    }
}

/// What must hold: a list of checks, or the word `none`, so that needing nothing is said and not forgotten.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirements {
    /// Nothing.
    None,
    /// These checks.
    Checks(Vec<RequiredCheck>),
}

/// Checks that must pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequiredCheck {
    /// Every check with these labels.
    pub labels: BTreeMap<String, String>,
    /// And at least this many.
    #[serde(default = "one")]
    pub at_least: u32,
    /// Share of the intended nodes that must pass, in percent.
    #[serde(default = "share_default")]
    pub share: u8,
    /// Whether the check's evidence must name the release's digest.
    #[serde(default)]
    pub match_subject: bool,
}

fn one() -> u32 {
    1
}

/// The share of a requirement that names none, and of the verdicts that readers see: one node in twenty may be silent
/// before a fleet-wide check stops passing.
pub const SHARE_DEFAULT: u8 = 95;

fn share_default() -> u8 {
    SHARE_DEFAULT
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct CheckList {
    checks: Vec<RequiredCheck>,
}

impl Serialize for Requirements {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => to.serialize_str("none"),
            Self::Checks(checks) => CheckList { checks: checks.clone() }.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Requirements {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Requirements;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the word `none`, or {checks: [..]}")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Requirements, E> {
                match word {
                    "none" => Ok(Requirements::None),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Requirements, A::Error> {
                let list = CheckList::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Requirements::Checks(list.checks))
            }
        }
        from.deserialize_any(Either)
    }
}

impl schemars::JsonSchema for Requirements {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Requirements".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let list = generator.subschema_for::<CheckList>();
        schemars::json_schema!({ "oneOf": [{ "const": "none" }, list] })
    }
}

/// Required checks of a policy: each is a set of labels, and a release rests on a dozen.
const CHECKS_MAX: usize = 64;
/// Checks that one requirement may ask for: five times what a tenant with the usual ceiling may have.
const AT_LEAST_MAX: u32 = 1_000;
/// Names in one list of `match`: all services that a tenant may have.
const NAMES_MAX: usize = 256;

impl Kind for Spec {
    const NAME: KindName = KindName::ReleasePolicy;

    fn validate(&self, _: &Metadata) -> Vec<Fault> {
        let mut faults = vec![];
        let Match { environments, classes, services } = &self.matches;
        for (key, count) in
            [("environments", environments.len()), ("classes", classes.len()), ("services", services.len())]
        {
            faults.extend(too_many(&format!("spec.match.{key}"), count, NAMES_MAX));
        }
        let Requirements::Checks(checks) = &self.requirements else { return faults };
        let field = "spec.requirements.checks";
        faults.extend(too_many(field, checks.len(), CHECKS_MAX));
        if checks.is_empty() {
            faults.push(Fault::new(field, "is empty", "name a check, or write requirements: none"));
        }
        for (index, check) in checks.iter().enumerate() {
            faults.extend(check.faults(&format!("{field}[{index}]")));
        }
        faults
    }

    fn columns(&self) -> Vec<(&'static str, String)> {
        let required = match &self.requirements {
            Requirements::None => "none".to_owned(),
            Requirements::Checks(checks) => format!("{} checks", checks.len()),
        };
        vec![("MODE", self.mode.as_str().to_owned()), ("REQUIRES", required)]
    }
}

impl RequiredCheck {
    fn faults(&self, field: &str) -> Vec<Fault> {
        let mut faults = vec![];
        if self.labels.is_empty() {
            faults.push(Fault::new(
                format!("{field}.labels"),
                "is empty and would mean every check",
                "name a label of the check",
            ));
        }
        if self.share == 0 || self.share > 100 {
            faults.push(Fault::new(
                format!("{field}.share"),
                format!("{} is no share in percent", self.share),
                "write 1 to 100",
            ));
        }
        if self.at_least == 0 || self.at_least > AT_LEAST_MAX {
            let remedy = format!("write 1 to {AT_LEAST_MAX}");
            faults.push(Fault::new(format!("{field}.atLeast"), format!("is {}", self.at_least), remedy));
        }
        faults
    }
}
