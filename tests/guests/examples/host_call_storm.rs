//! A guest that calls the host without a pause: its cheapest call, its disk, the node's files.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct HostCallStorm {
    /// Lines it logs: the cheapest call there is.
    #[serde(default)]
    calls: u32,
    /// Writes to its state, and as many removals.
    #[serde(default)]
    writes: u32,
    /// Files it has hashed.
    #[serde(default)]
    hashes: u32,
}

impl Check for HostCallStorm {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, _: &Run) -> Judgement {
        for _ in 0..self.calls {
            log::debug("");
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
        Ok(Verdict::pass(told.join("\n")))
    }
}

export_check!(HostCallStorm);
