//! The schemas and the configurations. Those that are taken are the most expensive that are.

use serde_json::{Map, Value, json};

/// A plugin's schema and a check's config.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// JSON text: some are no JSON that a value could hold.
    pub(crate) schema: String,
    pub(crate) config: Value,
    /// Words of the refusal; none: both are taken.
    pub(crate) refused_for: Option<&'static str>,
}

const REACHES_OUT: Option<&str> = Some("is not a reference to the schema's own");
const TOO_MUCH: Option<&str> = Some("the schema expands to more than 4096 parts");
const TOO_LARGE_A_PATTERN: Option<&str> = Some("is too long, or compiles to more than 64 KiB");
const TOO_LONG_A_CONFIG: Option<&str> = Some("its schema allows");

pub(crate) fn cases(url: &str, file: &str) -> Vec<Case> {
    [reaching_out(url, file), growing(), patterns(), deep(), working()].into_iter().flatten().collect()
}

fn case(name: &'static str, schema: Value, config: Value, refused_for: Option<&'static str>) -> Case {
    Case { name, schema: schema.to_string(), config, refused_for }
}

/// References to what is not the schema's own.
fn reaching_out(url: &str, file: &str) -> Vec<Case> {
    let refused = |name, schema| case(name, schema, json!({}), REACHES_OUT);
    let draft_4 = "http://json-schema.org/draft-04/schema#";
    let own = json!({"x": {"type": "string"}});
    vec![
        refused("a reference to the network", json!({"$ref": url})),
        refused("a reference to a file", json!({"$ref": file})),
        refused("a reference in a property", json!({"properties": {"a": {"items": {"$ref": url}}}})),
        refused("a reference in a default", json!({"properties": {"a": {"default": {"$ref": url}}}})),
        refused("a reference beside a base", json!({"$id": url, "$ref": "#/$defs/x", "$defs": own})),
        refused("a dynamic reference", json!({"$dynamicRef": url})),
        refused("a relative reference", json!({"$ref": "schema.json"})),
        // To the validator `a%62` is `ab`, which then refers to itself.
        refused(
            "a reference by another name",
            json!({"$ref": "#/$defs/ab", "$defs": {"a%62": {}, "ab": {"allOf": [{"$ref": "#/$defs/a%62"}]}}}),
        ),
        case("a meta-schema on the network", json!({"$schema": url}), json!({}), Some("it is not a JSON Schema")),
        case("a meta-schema in a file", json!({"$schema": file}), json!({}), Some("it is not a JSON Schema")),
        case("a meta-schema further in", json!({"properties": {"a": {"$schema": url}}}), json!({"a": 1}), None),
        case("a vocabulary on the network", json!({"$vocabulary": {url: true}}), json!({}), None),
        case(
            "a base of draft 4",
            json!({"$schema": draft_4, "id": url, "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": own}),
            json!({"a": "b"}),
            None,
        ),
    ]
}

/// Schemas that are small as text, or much.
fn growing() -> Vec<Case> {
    let mut tripled = Map::from_iter([("d0".to_owned(), json!({"type": "string"}))]);
    for n in 1..20 {
        let below = json!({"$ref": format!("#/$defs/d{}", n - 1)});
        tripled.insert(format!("d{n}"), json!({"allOf": [below, below, below]}));
    }
    let many = |value: Value| (0..20_000).map(|n| (n.to_string(), value.clone())).collect::<Map<_, _>>();
    let circle = json!({"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}});
    let numbers: Vec<u32> = (0..40_000).collect();
    let zeros = json!({"a": vec![0; 4_000]});
    let items = |schema: Value| json!({"additionalProperties": {"items": schema}});
    vec![
        case("references that triple", json!({"$ref": "#/$defs/d19", "$defs": tripled}), json!({}), TOO_MUCH),
        case("the same, not used", json!({"$defs": tripled}), json!({}), TOO_MUCH),
        case("a circle", json!({"$ref": "#/$defs/a", "$defs": circle}), json!({}), Some("refers to itself")),
        // None of these is an object: each is a part all the same.
        case("forty thousand times true", json!({"allOf": vec![true; 40_000]}), json!({}), TOO_MUCH),
        case("forty thousand times false", items(json!({"anyOf": vec![false; 40_000]})), zeros.clone(), TOO_MUCH),
        case("an enumeration without end", items(json!({"enum": numbers})), zeros, TOO_MUCH),
        case("properties without end", json!({"properties": many(json!(true))}), json!({}), TOO_MUCH),
        case("definitions without end", json!({"$defs": many(json!({}))}), json!({}), TOO_MUCH),
        case("conditions without end", json!({"dependentSchemas": many(json!({}))}), json!({}), TOO_MUCH),
        Case {
            name: "more than an answer may have",
            schema: format!(r#"{{"description": "{}"}}"#, "x".repeat(300_000)),
            config: json!({}),
            refused_for: Some("describe answered"),
        },
    ]
}

/// Regular expressions that are expensive to compile or to match.
fn patterns() -> Vec<Case> {
    let pattern = |name, text: String, refused_for| {
        case(name, json!({"additionalProperties": {"pattern": text}}), json!({"a": "a".repeat(4_000)}), refused_for)
    };
    let no_match = Some("does not match");
    let sixty_four = |text: &dyn Fn(usize) -> String| {
        let patterns: Vec<_> = (0..64).map(|n| json!({"pattern": text(n)})).collect();
        json!({"additionalProperties": {"allOf": patterns}})
    };
    let doubled = |n: usize| format!("(a|b)*a(a|b){{{}}}c", 200 + n);
    vec![
        pattern("a plus within a plus", "^(a+)+$".to_owned(), None),
        pattern("the same, and nothing that matches", "^(a+)+b$".to_owned(), no_match),
        pattern("alternatives that overlap", "^(a|aa|a?)+b$".to_owned(), no_match),
        pattern(
            "repetitions within repetitions",
            "(?:(?:(?:a{1,10}){1,10}){1,10}){1,10}".to_owned(),
            TOO_LARGE_A_PATTERN,
        ),
        pattern("every letter of the world, repeated", r"\p{L}{1,30}".to_owned(), TOO_LARGE_A_PATTERN),
        pattern("a pattern as long as an answer", "a".repeat(200_000), TOO_LARGE_A_PATTERN),
        pattern(
            "groups within groups",
            format!("{}a{}", "(".repeat(900), ")".repeat(900)),
            Some("value is not a \"regex\", at `/additionalProperties/pattern`"),
        ),
        pattern("a look-ahead", "(?=a)b".to_owned(), Some("it is not a JSON Schema")),
        pattern("a reference back", r"(a)\1".to_owned(), Some("it is not a JSON Schema")),
        // Its automaton has a state for each of 2^40 endings.
        pattern("an automaton that explodes", "(a|b)*a(a|b){40}c".to_owned(), no_match),
        case("sixty-four of them", sixty_four(&doubled), json!({"a": "ab".repeat(2_000)}), TOO_MUCH),
        case(
            "sixty-four small ones and a long text",
            sixty_four(&|n| format!("(a+)+{n}$")),
            json!({"a": "a".repeat(60_000)}),
            TOO_LONG_A_CONFIG,
        ),
        case(
            "patterns of names",
            json!({"patternProperties": (0..64).map(|n| (doubled(n), json!({}))).collect::<Map<_, _>>()}),
            json!({}),
            TOO_MUCH,
        ),
        case("too many patterns", sixty_four(&|n| n.to_string()), json!({}), None),
    ]
}

fn nested(levels: usize, around: impl Fn(Value) -> Value, inner: Value) -> Value {
    (0..levels).fold(inner, |inner, _| around(inner))
}

fn deep() -> Vec<Case> {
    let chain = |length: usize| {
        let links = (0..length).map(|n| (n.to_string(), json!({"$ref": format!("#/$defs/{}", n + 1)})));
        let defs: Map<_, _> = links.chain([(length.to_string(), json!({}))]).collect();
        json!({"$ref": "#/$defs/0", "$defs": defs})
    };
    let unevaluated =
        |keyword: &str, levels| nested(levels, |inner| json!({keyword: false, "allOf": [inner]}), json!({}));
    let deep_config = json!({"a": nested(11, |inner| json!({"a": inner}), json!(1))});
    vec![
        Case {
            name: "ten thousand levels",
            schema: format!("{}{{}}{}", r#"{"not":"#.repeat(10_000), "}".repeat(10_000)),
            config: json!({}),
            refused_for: Some("recursion limit exceeded"),
        },
        case("as deep as JSON is read", nested(120, |inner| json!({"not": inner}), json!({})), json!({}), None),
        case(
            "properties as deep",
            nested(58, |inner| json!({"properties": {"a": inner}}), json!({})),
            deep_config.clone(),
            None,
        ),
        case("conditions as deep", nested(100, |inner| json!({"if": inner}), json!({})), json!({}), None),
        case("what is left over, as deep", unevaluated("unevaluatedProperties", 58), deep_config, Some("nevaluated")),
        case("items left over, as deep", unevaluated("unevaluatedItems", 58), json!({"a": vec![1; 60]}), None),
        case("a chain of references", chain(4_000), json!({}), Some("references lead to references over 32 times")),
        case(
            "a config as deep",
            json!({}),
            nested(40, |inner| json!({"a": inner}), json!(1)),
            Some("the document is too deep"),
        ),
    ]
}

/// Just within every limit: schema and config together are the work.
fn working() -> Vec<Case> {
    let all = |name, keyword: &str, part: Value, parts: usize, config: Value, refused_for| {
        let schema = json!({"additionalProperties": {"items": {keyword: vec![part; parts]}}});
        case(name, schema, json!({"a": config}), refused_for)
    };
    let is_text = json!({"type": "string"});
    let odd = Some("spec.config");
    vec![
        all("a large schema and a small config", "anyOf", is_text.clone(), 2_000, json!(vec![0; 25]), odd),
        all("the same for all of it", "allOf", is_text.clone(), 2_000, json!(vec![0; 25]), odd),
        all("the same for one of it", "oneOf", json!({"minimum": 0}), 2_000, json!(vec![0; 25]), odd),
        all("a small schema and a large config", "anyOf", is_text.clone(), 24, json!(vec![0; 2_000]), odd),
        all("both large", "anyOf", is_text, 1_000, json!(vec![0; 1_000]), TOO_LONG_A_CONFIG),
        case(
            "one of a kind, again and again",
            json!({"additionalProperties": {"allOf": vec![json!({"uniqueItems": true}); 24]}}),
            json!({"a": (0..1_600).collect::<Vec<_>>()}),
            None,
        ),
        case(
            "counting the letters of a long text",
            json!({"additionalProperties": {"allOf": vec![json!({"minLength": 100_000}); 24]}}),
            json!({"a": "ä".repeat(20_000)}),
            odd,
        ),
        case(
            "the largest pattern that is taken",
            json!({"additionalProperties": {"pattern": "(a|b)*a(a|b){200}c"}}),
            json!({"a": "ab".repeat(950)}),
            odd,
        ),
        case(
            "a number that is a multiple of next to nothing",
            json!({"additionalProperties": {"multipleOf": 1e-300}}),
            json!({"a": 1e300}),
            None,
        ),
        case(
            "formats, which are remarks",
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "additionalProperties": {"format": "regex"}}),
            json!({"a": "(((".repeat(15_000)}),
            None,
        ),
    ]
}
