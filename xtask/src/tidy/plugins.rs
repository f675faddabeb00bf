//! Every first-party plugin takes no misspelt key and has what its users look for: an example manifest, a page of its own
//! and a row in the README. Pure.

use super::Violation;
use super::house::House;

const RULE: &str = "plugins";

/// Where people see which plugins there are.
const TABLE: &str = "README.md";
/// What keeps a misspelt key out of a configuration.
const STRICT: &str = "deny_unknown_fields";
/// What stands beside a plugin's code.
const BESIDE: [(&str, &str); 2] = [
    ("manifest.yaml", "an example of its Plugin and of a Check, which a test of its own reads"),
    ("README.md", "its configuration, its grants and its reasons"),
];

pub(crate) fn check(house: &House) -> Vec<Violation> {
    let text = |path: &str| house.texts.iter().find(|text| text.path == path).map(|text| text.text.as_str());
    let mut found = Vec::new();
    for name in house.plugins() {
        let path = format!("plugins/{name}/src/lib.rs");
        let config = house.rust.iter().find(|source| source.path == path).map_or("", |source| source.text.as_str());
        if !config.contains(STRICT) {
            let remedy = format!("its configuration takes misspelt keys: `{STRICT}`");
            found.push(Violation::new(path, 1, RULE, remedy));
        }
        for (file, what) in BESIDE {
            let path = format!("plugins/{name}/{file}");
            if text(&path).is_none() {
                found.push(Violation::new(path, 1, RULE, format!("is missing: write {what}")));
            }
        }
        if !text(TABLE).is_some_and(|table| table.contains(&format!("| [{name}](plugins/{name}/README.md) |"))) {
            let remedy = format!("its table of plugins has no row of `{name}`: kind, and what it sees");
            found.push(Violation::new(TABLE, 1, RULE, remedy));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::house::{Source, Text};

    #[test]
    fn a_plugin_has_its_page_its_example_and_its_row() {
        let code = "#[serde(deny_unknown_fields)] struct Alive {}";
        let places = |code: &str, texts: &[(&str, &str)]| {
            let texts = texts.iter().map(|(path, text)| Text { path: (*path).to_owned(), text: (*text).to_owned() });
            let rust = vec![Source::new("plugins/alive/src/lib.rs", code)];
            check(&House { rust, texts: texts.collect(), empty: vec![] }).len()
        };
        let row = "| [alive](plugins/alive/README.md) | probe | whether a page answers |";
        let beside = [(TABLE, row), ("plugins/alive/README.md", "a"), ("plugins/alive/manifest.yaml", "b")];
        assert_eq!(places(code, &beside), 0);
        assert_eq!(places("struct Alive {}", &[(TABLE, "no row")]), 4);
    }
}
