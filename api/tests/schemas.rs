//! Shell: the JSON Schema of each kind, as committed for editors and for people: held against the types, and written
//! from them when `cargo xtask codegen` says so.

use std::path::Path;

use floorwalker_api::manifest::{KindName, schema};
use serde_json::Value;

/// Set by `cargo xtask codegen`: write instead of comparing.
#[expect(clippy::disallowed_methods, reason = "a test binary has no args.rs")]
fn is_codegen() -> bool {
    std::env::var_os("FLOORWALKER_CODEGEN").is_some()
}

/// The same with sorted keys, whatever order another crate of the build makes maps keep.
fn sorted(json: Value) -> Value {
    match json {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            entries.into_iter().collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        plain => plain,
    }
}

#[test]
fn golden_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/schema");
    for kind in KindName::ALL {
        let file = folder.join(format!("{}.json", kind.as_str()));
        let text = serde_json::to_string_pretty(&sorted(schema::of(kind))).expect("JSON") + "\n";
        if is_codegen() {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&file, text).expect("a file");
            continue;
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == text, "{} is not what the types say: run `cargo xtask codegen`", file.display());
    }
}
