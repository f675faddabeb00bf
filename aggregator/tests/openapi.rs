//! Shell: the OpenAPI document, as committed for people and for generators: held against the routes, and written from
//! them when `cargo xtask codegen` says so.

use std::path::Path;

use aggregator::http::openapi::document;
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
fn golden_document_is_that_of_the_routes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/openapi.json");
    let json = serde_json::to_value(document()).expect("JSON");
    let text = serde_json::to_string_pretty(&sorted(json)).expect("JSON") + "\n";
    if is_codegen() {
        std::fs::write(&file, text).expect("a file");
        return;
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == text, "{} is not what the routes say: run `cargo xtask codegen`", file.display());
}

/// A route is made by `routes!`, which makes its part of the document too; by `route` it would be in no document.
#[test]
fn no_route_is_missing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut routed = 0;
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a file");
            assert!(!text.contains(".route("), "{}: write `.routes(routes!(…))`", path.display());
            routed += text.matches(".routes(routes!(").count();
        }
    }
    assert_eq!(document().paths.paths.len(), routed, "one `routes!` a path, with all its methods");
}
