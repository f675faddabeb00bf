//! Shell: a test that cannot run says so, past the capture of the test runner, in a line that `cargo xtask test` counts.

use std::io::{self, Write};

/// Says that a test is skipped and why.
pub fn because(name: &str, why: &str) {
    // Nothing can be done about a closed stderr, and the test has nothing to judge.
    let _ = writeln!(io::stderr(), "SKIPPED {name}: {why}");
}
