//! A guest that floods whatever it may call: the log, the host's disk, the node's files, and then the host itself.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Storm {
    /// Lines it logs.
    lines: u32,
    /// Bytes of details it returns.
    #[serde(default)]
    output_bytes: usize,
    /// Writes to its state, and as many removals.
    #[serde(default)]
    writes: u32,
    /// Files it has hashed.
    #[serde(default)]
    hashes: u32,
}

impl Check for Storm {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, _: &Run) -> Judgement {
        for line in 0..self.lines {
            log::info(&format!("line {line}"));
        }
        let mut told = vec!["it rains".to_owned()];
        for _ in 0..self.writes {
            told.extend(state::save("key", b"value").err().map(|error| error.to_string()));
            told.extend(state::remove("key").err().map(|error| error.to_string()));
        }
        for _ in 0..self.hashes {
            told.extend(node::sha256_file("/etc/large").err().map(|error| error.to_string()));
        }
        told.dedup();
        let verdict = Verdict::pass(told.join("\n"));
        match self.output_bytes {
            0 => Ok(verdict),
            bytes => Ok(verdict.measure(&"x".repeat(bytes), 0.0, "count")),
        }
    }
}

export_check!(Storm);
