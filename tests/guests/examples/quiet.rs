//! The guest that does nothing, for benchmarks: what is measured is the host.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Quiet {}

impl Check for Quiet {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, _: &Run) -> Judgement {
        Ok(Verdict::pass(""))
    }
}

export_check!(Quiet);
