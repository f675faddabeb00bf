//! Names that say nothing, and signatures that a caller cannot read. Pure.

use super::Violation;
use super::house::Source;
use super::scan::Place;

const RULE: &str = "names";

const EMPTY_NAMES: [&str; 9] =
    ["utils", "util", "common", "helpers", "helper", "manager", "handler", "handlers", "misc"];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    if source.is_generated() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for part in source.path.trim_end_matches(".rs").split('/').filter(|part| EMPTY_NAMES.contains(part)) {
        let remedy = format!("`{part}` names nothing: use the field's term for what is in it");
        found.push(Violation::new(&source.path, 1, RULE, remedy));
    }
    for function in source.scan.functions.iter().filter(|function| function.place == Place::Shipped) {
        if function.name.starts_with("get_") {
            let remedy = format!("fn {}: leave `get_` out, the noun says it", function.name);
            found.push(Violation::new(&source.path, function.line, RULE, remedy));
        }
        if function.takes_bool && !function.name.contains("bool") && !source.is_test() {
            let remedy = format!("fn {} takes a bool: an enum of two names can be read at the call", function.name);
            found.push(Violation::new(&source.path, function.line, RULE, remedy));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn files_are_named_for_what_is_in_them() {
        assert_eq!(places("agent/src/utils.rs", ""), 1);
        assert_eq!(places("agent/src/common/mod.rs", ""), 1);
        assert_eq!(places("agent/src/spool/segment.rs", ""), 0);
    }

    #[test]
    fn functions_can_be_read_at_the_call() {
        assert_eq!(places("agent/src/lib.rs", "fn get_name() {}"), 1);
        assert_eq!(places("agent/src/lib.rs", "fn show(loud: bool) {}"), 1);
        assert_eq!(places("agent/src/lib.rs", "fn show(voice: Voice) -> bool { true }"), 0);
        assert_eq!(places("agent/src/lib.rs", "#[cfg(test)] mod tests { fn show(loud: bool) {} }"), 0);
    }
}
