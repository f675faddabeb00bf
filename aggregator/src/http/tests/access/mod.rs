//! Shell: who gets what of every operation of the OpenAPI document, as two lists that people can read:
//! `docs/reference/access-matrix.txt` (the principals) and `docs/reference/agent-access.txt` (one agent's credential).
//! `things` has a row for each operation, and an operation without one fails. `cargo xtask codegen` writes the lists.

mod agents;
mod manifests;
mod matrix;
mod things;

use std::path::Path;

use super::stand::Answer;

/// Set by `cargo xtask codegen`: write instead of comparing.
#[expect(clippy::disallowed_methods, reason = "a test binary has no args.rs")]
fn is_codegen() -> bool {
    std::env::var_os("FLOORWALKER_CODEGEN").is_some()
}

/// Holds a list against its file, or writes it.
fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference").join(name);
    if is_codegen() {
        return std::fs::write(&file, text).expect("a file");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let first = committed.lines().zip(text.lines()).find(|(committed, now)| committed != now);
    assert!(committed == text, "{}: {first:?}; if that is meant, run `cargo xtask codegen`", file.display());
}

/// The longest operation with its note.
const OPERATION: usize = 48;

/// A line of a list: the operation, then its cells.
fn line(operation: &str, cells: &[String], width: usize) -> String {
    let cells: String = cells.iter().map(|cell| format!("{cell:<width$}")).collect();
    format!("{operation:<OPERATION$}{cells}").trim_end().to_owned() + "\n"
}

/// A status, and whether the very same bytes (status, headers, body) come where the thing is not there at all.
fn cell(seen: &Answer, absent: &Answer) -> String {
    format!("{}{}", seen.status.as_u16(), if seen == absent { " =" } else { "" })
}
