//! What a plugin adds to its verdict as JSON: read part by part, so that one malformed part costs only itself and is
//! said. Read by `outcome`; unknown keys are of a later contract and are ignored.

use std::collections::BTreeMap;

use api::result::{Evidence, Finding, Measurement, Phases, Step, StepStatus};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Details {
    /// Steps beside those the host timed.
    pub steps: Vec<Step>,
    /// Numbers.
    pub measurements: Vec<Measurement>,
    /// Drift and violations.
    pub findings: Vec<Finding>,
    /// Facts; `observed_at` is empty where the plugin does not say.
    pub evidence: Vec<Evidence>,
}

/// A step as a guest writes it: it times none of the host's phases.
#[derive(Deserialize)]
struct GuestStep {
    name: String,
    status: StepStatus,
    #[serde(default)]
    duration_ms: f64,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct GuestEvidence {
    kind: String,
    subject: String,
    #[serde(default)]
    observed_at: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

// === impl Details ===

impl Details {
    /// Reads the JSON of a verdict; what cannot be read is left out and named in `cut`.
    pub(super) fn read(json: &str, cut: &mut Vec<String>) -> Self {
        if json.is_empty() {
            return Self::default();
        }
        let mut object = match serde_json::from_str::<Value>(json) {
            Ok(Value::Object(object)) => object,
            Ok(_) => {
                cut.push("details: not a JSON object".to_owned());
                return Self::default();
            }
            Err(error) => {
                cut.push(format!("details: not JSON, {error}"));
                return Self::default();
            }
        };
        let steps = part::<GuestStep>(&mut object, "steps", cut);
        let evidence = part::<GuestEvidence>(&mut object, "evidence", cut);
        Self {
            steps: steps.into_iter().map(Into::into).collect(),
            measurements: part(&mut object, "measurements", cut),
            findings: part(&mut object, "findings", cut),
            evidence: evidence.into_iter().map(Into::into).collect(),
        }
    }
}

fn part<T: DeserializeOwned>(object: &mut Map<String, Value>, key: &str, cut: &mut Vec<String>) -> Vec<T> {
    let Some(value) = object.remove(key) else { return vec![] };
    serde_json::from_value(value).unwrap_or_else(|error| {
        cut.push(format!("details.{key}: {error}"));
        vec![]
    })
}

impl From<GuestStep> for Step {
    fn from(step: GuestStep) -> Self {
        let GuestStep { name, status, duration_ms, message } = step;
        Self { name, status, duration_ms, message, phases: Phases::default() }
    }
}

impl From<GuestEvidence> for Evidence {
    fn from(seen: GuestEvidence) -> Self {
        let GuestEvidence { kind, subject, observed_at, attributes } = seen;
        Self { kind, subject, observed_at, attributes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_part_costs_only_itself() {
        let mut cut = vec![];
        let json = r#"{"steps":[{"name":"a","status":"pass"}],"findings":[{"subject":1}],"new":{}}"#;
        let details = Details::read(json, &mut cut);
        assert_eq!(details.steps.len(), 1);
        assert!(details.findings.is_empty());
        assert_eq!(cut.len(), 1);
        assert!(cut[0].starts_with("details.findings: "), "{cut:?}");
    }

    #[test]
    fn what_is_no_object_is_said() {
        for (json, words) in [("[1]", "not a JSON object"), ("{", "not JSON")] {
            let mut cut = vec![];
            assert_eq!(Details::read(json, &mut cut), Details::default());
            assert!(cut[0].contains(words), "{cut:?}");
        }
    }
}
