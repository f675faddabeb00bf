//! Lengths of files and functions. Pure.

use super::Violation;
use super::house::Source;

const RULE: &str = "lengths";

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
/// A `main.rs` only starts things.
const MAIN_LINES_MAX: usize = 60;
/// A composition root is one line a stage.
const ROOT_LINES_MAX: usize = 150;

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    if source.is_generated() {
        return Vec::new();
    }
    let lines = source.text.lines().count();
    let lines_max = match source.name() {
        "main.rs" => MAIN_LINES_MAX,
        "app.rs" => ROOT_LINES_MAX,
        _ => FILE_LINES_MAX,
    };
    let mut found = Vec::new();
    if lines > lines_max {
        let remedy = format!("{lines} lines, {lines_max} at most: split it where one concept ends");
        found.push(Violation::new(&source.path, lines, RULE, remedy));
    }
    for function in source.scan.functions.iter().filter(|function| function.lines > FUNCTION_LINES_MAX) {
        let remedy = format!(
            "fn {} has {} lines, {FUNCTION_LINES_MAX} at most: split it where control flow ends and a computation begins",
            function.name, function.lines
        );
        found.push(Violation::new(&source.path, function.line, RULE, remedy));
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
    fn files_end_before_they_are_long() {
        assert_eq!(places("agent/src/lib.rs", &"//\n".repeat(400)), 0);
        assert_eq!(places("agent/src/lib.rs", &"//\n".repeat(401)), 1);
        assert_eq!(places("agent/src/main.rs", &"//\n".repeat(61)), 1);
        assert_eq!(places("agent/src/app.rs", &"//\n".repeat(151)), 1);
        assert_eq!(places("sdk/src/bindings.rs", &format!("// @generated\n{}", "//\n".repeat(999))), 0);
    }

    #[test]
    fn functions_end_before_they_are_long() {
        let function = |lines: usize| format!("fn f() {{\n{}}}", "g();\n".repeat(lines - 2));
        assert_eq!(places("agent/src/lib.rs", &function(70)), 0);
        assert_eq!(places("agent/src/lib.rs", &function(71)), 1);
    }
}
