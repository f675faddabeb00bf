//! Shell: asserts the invariants of `ARCHITECTURE.md` that text and `cargo metadata` can show.
//!
//! Called by `cargo xtask tidy` and `lint`, and by this crate's own test. Each rule is a pure function with a
//! sample that passes and one that fails. What the compiler can refuse is not here.

mod borders;
mod circles;
mod commands;
mod contract;
mod docs;
mod house;
mod imports;
mod layers;
mod leftovers;
mod lengths;
mod limits;
mod linkage;
mod manifests;
mod markdown;
mod metrics;
mod names;
mod plugins;
mod purity;
mod sample;
mod scan;
mod shells;
mod unlinked;
mod words;

use std::fmt;

use anyhow::bail;

use crate::args::Setting;
use crate::tree::Workspace;
use house::House;

/// One place where a rule does not hold.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    /// What to do about it.
    pub(crate) remedy: String,
}

/// What a look at the whole house found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) violations: Vec<Violation>,
    /// Rules that need something that is not built yet, and what.
    pub(crate) skipped: Vec<String>,
}

pub(crate) fn run(setting: &Setting) -> anyhow::Result<()> {
    let Findings { violations, skipped } = look(setting)?;
    for violation in &violations {
        eprintln!("{violation}");
    }
    for rule in &skipped {
        eprintln!("tidy: SKIPPED {rule}");
    }
    if !violations.is_empty() {
        bail!("{} places are not tidy", violations.len());
    }
    eprintln!("tidy: every rule holds");
    Ok(())
}

/// Applies every rule.
pub(crate) fn look(setting: &Setting) -> anyhow::Result<Findings> {
    let house = House::read(&setting.root)?;
    let workspace = Workspace::load(&setting.root)?;
    let mut findings = Findings::default();
    for source in &house.rust {
        let rules = [
            imports::check,
            purity::check,
            shells::check,
            limits::check,
            borders::check,
            lengths::check,
            docs::check,
            names::check,
            leftovers::check,
        ];
        findings.violations.extend(rules.iter().flat_map(|rule| rule(source)));
    }
    findings.violations.extend(docs::empty(&house.empty));
    findings.violations.extend(circles::check(&house.rust));
    findings.violations.extend(layers::check(&workspace));
    findings.violations.extend(words::check(&house, setting));
    findings.violations.extend(markdown::check(&house, setting));
    findings.violations.extend(contract::check(&house));
    findings.violations.extend(metrics::check(&house));
    findings.violations.extend(plugins::check(&house));
    findings.violations.extend(unlinked::check(&house));
    linkage::check(setting, &mut findings)?;
    let programs = commands::programs(setting, &mut findings)?;
    findings.violations.extend(commands::check(&house, &programs));
    findings.violations.extend(manifests::check(&house, &programs));
    sample::check(&house, setting, &mut findings)?;
    findings.violations.sort();
    Ok(findings)
}

// === impl Violation ===

impl Violation {
    pub(crate) fn new(path: impl Into<String>, line: usize, rule: &'static str, remedy: impl Into<String>) -> Self {
        Self { path: path.into(), line, rule, remedy: remedy.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, remedy } = self;
        write!(f, "{path}:{line}: {rule}: {remedy}")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    #[test]
    fn the_house_is_tidy() {
        let findings = super::look(&crate::args::setting()).expect("the checkout is readable");
        for rule in &findings.skipped {
            // Past the capture of passing tests: a skipped rule is said.
            writeln!(std::io::stderr(), "SKIPPED tidy: {rule}").expect("standard error is open");
        }
        let places: Vec<String> = findings.violations.iter().map(ToString::to_string).collect();
        assert!(places.is_empty(), "{} places are not tidy:\n{}", places.len(), places.join("\n"));
    }
}
