//! Where shells may be: none in the crates that are pure as a whole, and the environment in one file of each binary. Pure.

use super::Violation;
use super::house::Source;

const RULE: &str = "shells";

/// Crates without any shell: types and codecs, and the law.
const PURE: [&str; 2] = ["api/src/", "policy/src/"];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    pure_crate(source).into_iter().chain(one_reader(source)).chain(variables(source)).collect()
}

fn pure_crate(source: &Source) -> Option<Violation> {
    let folder = PURE.iter().find(|folder| source.path.starts_with(**folder))?;
    let remedy = format!("{folder} has no shell: leave disk, network and clock to whoever calls it");
    source.text.starts_with("//! Shell: ").then(|| Violation::new(&source.path, 1, RULE, remedy))
}

/// `imports` takes every args.rs for the reader of the environment.
fn one_reader(source: &Source) -> Option<Violation> {
    let is_deeper = source.name() == "args.rs" && !source.path.ends_with("/src/args.rs");
    let remedy = "flags and environment are read in src/args.rs of a binary: name this file for what is in it";
    is_deeper.then(|| Violation::new(&source.path, 1, RULE, remedy))
}

/// A flag that comes from a variable reads the environment too.
fn variables(source: &Source) -> Vec<Violation> {
    let named = |text: &str| text.starts_with("arg(") && (text.contains(",env") || text.starts_with("arg(env"));
    let is_reader = source.name() == "args.rs";
    let attributes = source.scan.attributes.iter().filter(|attribute| !is_reader && named(&attribute.text));
    attributes
        .map(|attribute| {
            let remedy = "a flag with a variable stands in args.rs, where all that is read of the environment is";
            Violation::new(&source.path, attribute.line, RULE, remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn a_pure_crate_has_no_shell() {
        let shell = "//! Shell: reads the law from a disk.\nuse std::fs;\n";
        assert_eq!(places("policy/src/decide.rs", shell), 1);
        assert_eq!(places("api/src/manifest/read.rs", shell), 1);
        assert_eq!(places("aggregator/src/data.rs", shell), 0);
        assert_eq!(places("policy/src/decide.rs", "//! The fold: any deny, else any wait.\n"), 0);
    }

    #[test]
    fn the_environment_has_one_reader() {
        assert_eq!(places("cli/src/up/args.rs", "//! Flags.\n"), 1);
        assert_eq!(places("cli/src/args.rs", "//! Flags.\n"), 0);
        let flag = "struct A { #[arg(long, env = \"FLOORWALKER_URL\")] url: String }";
        assert_eq!(places("cli/src/command/gate.rs", flag), 1);
        assert_eq!(places("cli/src/args.rs", flag), 0);
        assert_eq!(places("cli/src/command/gate.rs", "struct A { #[arg(long)] environment: String }"), 0);
    }
}
