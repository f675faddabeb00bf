//! A plugin's schema of its `config`, and a Check's `config` held against it. A schema comes from whoever wrote the
//! plugin, so its cost is bounded before it is compiled: no reference leaves it, none recurs, what a reference expands
//! to is counted, patterns are matched in linear time. Called by `describe` and `admit`.

use std::collections::BTreeMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::pattern;
use crate::limits::{CONFIG_BYTES_MAX, cut};
use crate::manifest::Fault;

/// Values of a schema, references expanded, and what its patterns weigh; a schema of a hundred fields has a thousand.
const WEIGHT_MAX: u64 = 4_096;
/// Weight of a schema times the size of a config: each part may be asked for each value. A part and a value take
/// 200 ns at worst, where each part that does not fit is noted, so that a config is held against its schema within some
/// 30 ms.
const WORK_MAX: u64 = 1 << 17;
/// The same, for every fault to be told and not the first alone: the validator words all before it gives one.
const EVERY_FAULT_WORK_MAX: u64 = WORK_MAX / 16;
/// Bytes of a config that count as one value: texts are compared, counted and matched.
const VALUE_BYTES: u64 = 16;
/// References that lead to references: types within types, as deep as a config may be, twice.
const REFERENCES_DEEP_MAX: usize = 32;
/// Regular expressions in a schema: one for each text of a schema of a hundred fields, of which two thirds are texts.
const PATTERNS_MAX: usize = 64;
/// Values in a config: CONFIG_BYTES_MAX of short entries.
const CONFIG_NODES_MAX: usize = 4_096;
/// Depth of a config: people write four levels, and nobody reads sixteen.
const CONFIG_DEPTH_MAX: usize = 16;
/// Faults of one config that are told; after so many one corrects first.
const FAULTS_MAX: usize = 8;
/// Bytes of a schema's own words in a message: two lines and a half.
const MESSAGE_BYTES_MAX: usize = 300;

/// A compiled schema.
#[derive(Debug)]
pub(super) struct ConfigSchema {
    validator: Validator,
    weight: u64,
}

/// Why a schema is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A reference out of the schema, or by an id.
    #[error("`{0}` is not a reference to the schema's own `#/$defs/…`")]
    Reference(String),
    /// A reference to itself.
    #[error("`{0}` refers to itself")]
    Recursion(String),
    /// References that lead to references without an end in sight.
    #[error("references lead to references over {REFERENCES_DEEP_MAX} times")]
    Depth,
    /// Too large once expanded.
    #[error("the schema expands to more than {WEIGHT_MAX} parts")]
    Weight,
    /// A pattern that is expensive to match.
    #[error("the pattern `{text}` is too long, or compiles to more than {} KiB", pattern::SIZE_MAX >> 10)]
    Pattern {
        /// The pattern, cut.
        text: String,
    },
    /// Too many patterns.
    #[error("the schema has more than {PATTERNS_MAX} patterns")]
    Patterns,
    /// Not a JSON Schema.
    #[error("it is not a JSON Schema: {0}")]
    Form(String),
}

impl ConfigSchema {
    /// Compiles a schema whose cost is bounded.
    pub(super) fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let weight = Weigher { root: schema, known: BTreeMap::new(), patterns: 0, deep: 0 }.weigh_root()?;
        let patterns = PatternOptions::regex().size_limit(pattern::SIZE_MAX).dfa_size_limit(pattern::SIZE_MAX);
        // Formats are remarks to people: newer drafts hold nothing against them, and what one costs is not weighed.
        let options = jsonschema::options().offline().should_validate_formats(false).with_pattern_options(patterns);
        let built = options.build(schema);
        let form = |error: ValidationError<'_>| format!("{}, at `{}`", told(&error), error.instance_path());
        built.map(|validator| Self { validator, weight }).map_err(|error| SchemaError::Form(form(error)))
    }

    /// Holds a config against the schema; fields are paths from the document's root.
    pub(super) fn faults(&self, config: &Value) -> Vec<Fault> {
        let size = extent(config).0 as u64 + config.to_string().len() as u64 / VALUE_BYTES;
        if let Some(fault) = size_fault(config).or_else(|| self.work_fault(size)) {
            return vec![fault];
        }
        if size.saturating_mul(self.weight) > EVERY_FAULT_WORK_MAX {
            return self.validator.validate(config).err().map(|error| fault(&error)).into_iter().collect();
        }
        self.validator.iter_errors(config).take(FAULTS_MAX).map(|error| fault(&error)).collect()
    }

    /// A large config may have a small schema, and a small one a large one.
    fn work_fault(&self, size: u64) -> Option<Fault> {
        let most = WORK_MAX / self.weight.max(1);
        (size > most).then(|| {
            let message = format!("has {size} values of up to {VALUE_BYTES} bytes, its schema allows {most}");
            Fault::new("spec.config", message, "make it shorter, or its plugin's schema simpler")
        })
    }
}

/// What is wrong stands after the value in the validator's words: of a long one nothing else would be left.
fn told(error: &ValidationError<'_>) -> String {
    let whole = error.to_string();
    let told = if whole.len() > MESSAGE_BYTES_MAX { error.masked().to_string() } else { whole };
    cut(&told, MESSAGE_BYTES_MAX).to_owned()
}

fn fault(error: &ValidationError<'_>) -> Fault {
    let at = crate::manifest::dotted(&format!("spec/config{}", error.instance_path().as_str()));
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            Fault::new(format!("{at}.{name}"), "is missing", format!("add {name}"))
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let first = unexpected.first().map_or("", String::as_str);
            Fault::new(format!("{at}.{first}"), "is unknown to the plugin", "remove it")
        }
        _ => Fault::new(at, told(error), "correct the value"),
    }
}

fn size_fault(config: &Value) -> Option<Fault> {
    let bytes = config.to_string().len();
    let (nodes, depth) = extent(config);
    let over = |what: String, most: usize| {
        Some(Fault::new("spec.config", format!("has {what}"), format!("keep {most} or less")))
    };
    if bytes > CONFIG_BYTES_MAX {
        return over(format!("{bytes} bytes as JSON"), CONFIG_BYTES_MAX);
    }
    if nodes > CONFIG_NODES_MAX {
        return over(format!("{nodes} values"), CONFIG_NODES_MAX);
    }
    if depth > CONFIG_DEPTH_MAX {
        return over(format!("{depth} levels"), CONFIG_DEPTH_MAX);
    }
    None
}

/// Values and levels of a JSON value. Recursion is bounded by the manifest's own depth.
fn extent(json: &Value) -> (usize, usize) {
    let below = |items: &mut dyn Iterator<Item = &Value>| {
        items.map(extent).fold((1, 0), |(nodes, depth), (more, deeper)| (nodes + more, depth.max(deeper)))
    };
    let (nodes, depth) = match json {
        Value::Array(items) => below(&mut items.iter()),
        Value::Object(map) => below(&mut map.values()),
        _ => (1, 0),
    };
    (nodes, depth + 1)
}

fn within(weight: u64) -> Result<u64, SchemaError> {
    if weight > WEIGHT_MAX { Err(SchemaError::Weight) } else { Ok(weight) }
}

/// Counts the parts of a schema as a validator would walk them.
struct Weigher<'s> {
    root: &'s Value,
    /// Weights of references; `None` while one is being weighed.
    known: BTreeMap<&'s str, Option<u64>>,
    patterns: usize,
    /// References that are being weighed.
    deep: usize,
}

impl<'s> Weigher<'s> {
    fn weigh_root(&mut self) -> Result<u64, SchemaError> {
        let root = self.root;
        let total = match root {
            Value::Object(map) => {
                // Definitions weigh where they are used; an unused one still counts for its patterns.
                map.iter().try_fold(1, |sum: u64, (key, value)| {
                    let weight = self.weigh_keyword(key, value)?;
                    Ok::<_, SchemaError>(if key == "$defs" { sum } else { sum.saturating_add(weight) })
                })?
            }
            other => self.weigh(other)?,
        };
        if total > WEIGHT_MAX { Err(SchemaError::Weight) } else { Ok(total) }
    }

    /// Ends as soon as it is too much. Recursion is bounded by `serde_json`, which reads 128 levels.
    fn weigh(&mut self, schema: &'s Value) -> Result<u64, SchemaError> {
        match schema {
            Value::Array(items) => {
                items.iter().try_fold(1, |sum: u64, item| within(sum.saturating_add(self.weigh(item)?)))
            }
            Value::Object(map) => {
                let mut sum = 1u64;
                for (key, value) in map {
                    sum = within(sum.saturating_add(self.weigh_keyword(key, value)?))?;
                }
                Ok(sum)
            }
            // `true` and `false` are schemas, and each value of an `enum` is compared.
            _ => Ok(1),
        }
    }

    fn weigh_keyword(&mut self, key: &'s str, value: &'s Value) -> Result<u64, SchemaError> {
        match (key, value) {
            ("$ref", Value::String(target)) => return self.weigh_reference(target),
            ("$id" | "$dynamicRef" | "$recursiveRef" | "$anchor" | "$dynamicAnchor", Value::String(text)) => {
                return Err(SchemaError::Reference(cut(text, 100).to_owned()));
            }
            ("pattern", Value::String(pattern)) => return self.weigh_pattern(pattern),
            ("patternProperties", Value::Object(patterns)) => {
                let mut sum = 1u64;
                for (pattern, schema) in patterns {
                    sum = within(sum.saturating_add(self.weigh_pattern(pattern)?).saturating_add(self.weigh(schema)?))?;
                }
                return Ok(sum);
            }
            _ => {}
        }
        self.weigh(value)
    }

    fn weigh_pattern(&mut self, pattern: &str) -> Result<u64, SchemaError> {
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            return Err(SchemaError::Patterns);
        }
        let refuse = || SchemaError::Pattern { text: cut(pattern, 100).to_owned() };
        pattern::weight(pattern).ok_or_else(refuse)
    }

    fn weigh_reference(&mut self, target: &'s str) -> Result<u64, SchemaError> {
        match self.known.get(target) {
            Some(Some(weight)) => return Ok(*weight),
            Some(None) => return Err(SchemaError::Recursion(cut(target, 100).to_owned())),
            None => {}
        }
        let refuse = || SchemaError::Reference(cut(target, 100).to_owned());
        // A name with `%` would be another one to the validator, which decodes it.
        let own = target.strip_prefix("#/$defs/").filter(|name| !name.contains('%'));
        let pointer = own.map(|_| &target[1..]).ok_or_else(refuse)?;
        let found = self.root.pointer(pointer).ok_or_else(refuse)?;
        self.known.insert(target, None);
        self.deep += 1;
        if self.deep > REFERENCES_DEEP_MAX {
            return Err(SchemaError::Depth);
        }
        let weight = self.weigh(found)?.saturating_add(1);
        self.deep -= 1;
        self.known.insert(target, Some(weight));
        Ok(weight)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_name_the_field() {
        let schema = json!({"type": "object", "required": ["url"], "additionalProperties": false, "properties": {
            "url": {"type": "string", "pattern": "^https?://"}, "status": {"type": "array", "items": {"$ref": "#/$defs/Status"}}},
            "$defs": {"Status": {"type": "integer", "minimum": 100}}});
        let schema = ConfigSchema::compile(&schema).expect("a schema");
        let fields = |config: Value| schema.faults(&config).into_iter().map(|fault| fault.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"url": "https://a.example", "status": [200]})), [""; 0]);
        assert_eq!(fields(json!({"status": [200, 3]})), ["spec.config.status[1]", "spec.config.url"]);
        assert_eq!(fields(json!({"url": "ftp://a", "lurl": 1})), ["spec.config.url", "spec.config.lurl"]);
    }

    #[test]
    fn schemas_that_reach_out_recur_or_explode_are_refused() {
        for reaching in [json!({"$ref": "https://a.example/schema"}), json!({"$ref": "#"}), json!({"$id": "x"})] {
            assert!(matches!(ConfigSchema::compile(&reaching), Err(SchemaError::Reference(_))), "{reaching}");
        }
        let recursive = json!({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}});
        assert!(matches!(ConfigSchema::compile(&recursive), Err(SchemaError::Recursion(_))));
        let mut defs = serde_json::Map::from_iter([("d0".to_owned(), json!({"type": "string"}))]);
        for n in 1..20 {
            let below = json!({"$ref": format!("#/$defs/d{}", n - 1)});
            defs.insert(format!("d{n}"), json!({"allOf": [below, below, below]}));
        }
        let explosive = json!({"$ref": "#/$defs/d19", "$defs": defs});
        assert!(matches!(ConfigSchema::compile(&explosive), Err(SchemaError::Weight)));
        let patterns: Vec<_> = (0..100).map(|n| json!({"pattern": format!("a{n}")})).collect();
        assert!(matches!(ConfigSchema::compile(&json!({"anyOf": patterns})), Err(SchemaError::Patterns)));
        assert!(matches!(ConfigSchema::compile(&json!({"pattern": "(?=a)"})), Err(SchemaError::Form(_))));
    }

    #[test]
    fn configs_over_a_limit_are_refused_before_they_are_walked() {
        let schema = ConfigSchema::compile(&json!({})).expect("a schema");
        let deep = (0..20).fold(json!(1), |inner, _| json!([inner]));
        for config in [deep, json!(vec![0; 5_000]), json!("x".repeat(CONFIG_BYTES_MAX))] {
            assert_eq!(schema.faults(&config).len(), 1);
        }
    }
}
