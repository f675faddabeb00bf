//! Shell: the agent's binary has no Cranelift: asked of cargo, and of the binary when it is built.

use std::fs::File;
use std::io::Read;

use crate::args::Setting;
use crate::launch;

use super::{Findings, Violation};

const RULE: &str = "linkage";

/// As it stands in every mangled symbol of the crate.
const SYMBOL: &[u8] = b"cranelift_codegen";
/// A file is read in pieces of this size; two of them are in memory.
const PIECE_BYTES: usize = 1024 * 1024;

pub(crate) fn check(setting: &Setting, findings: &mut Findings) -> anyhow::Result<()> {
    let words = ["tree", "--locked", "-p", "floorwalker-agent", "-e", "normal", "--prefix", "none"];
    let tree = launch::output(&mut launch::cargo(&setting.root, &words))?;
    findings.violations.extend(in_tree(&tree));
    for binary in ["floorwalker-agent", "floorwalker"] {
        let Ok(file) = File::open(setting.binaries().join(binary)) else {
            findings.skipped.push(format!("no Cranelift in {binary}: it is not built (cargo xtask build)"));
            continue;
        };
        if holds(file, SYMBOL)? {
            let remedy = "the binary holds Cranelift: it was built together with floorwalker-compile; \
                          run `cargo xtask build`, never `cargo build --workspace`";
            let path = setting.binaries().join(binary).display().to_string();
            findings.violations.push(Violation::new(path, 1, RULE, remedy));
        }
    }
    Ok(())
}

fn in_tree(tree: &str) -> Option<Violation> {
    let line = tree.lines().find(|line| line.starts_with("cranelift-codegen "))?;
    let remedy = format!("the agent depends on {line}: take the feature away that brings it");
    Some(Violation::new("agent/Cargo.toml", 1, RULE, remedy))
}

/// Whether the needle is anywhere in the stream, the seams between pieces included.
fn holds(mut stream: impl Read, needle: &[u8]) -> anyhow::Result<bool> {
    let mut window = Vec::new();
    loop {
        let seam = window.len().saturating_sub(needle.len() - 1);
        window.drain(..seam);
        let length = stream.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut window)?;
        if window.windows(needle.len()).any(|bytes| bytes == needle) {
            return Ok(true);
        }
        if length == 0 {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_on_cranelift_is_seen() {
        assert!(in_tree("floorwalker-agent v0.1.0\ncranelift-codegen v0.135.8\n").is_some());
        assert!(in_tree("floorwalker-agent v0.1.0\ncranelift-bitset v0.135.8\n").is_none());
    }

    #[test]
    fn a_symbol_across_a_seam_is_found() {
        let mut bytes = vec![0; PIECE_BYTES - 5];
        bytes.extend(SYMBOL);
        assert!(holds(bytes.as_slice(), SYMBOL).expect("memory is readable"));
        assert!(!holds(&bytes[..PIECE_BYTES], SYMBOL).expect("memory is readable"));
    }
}
