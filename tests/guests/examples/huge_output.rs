//! A guest whose verdict is larger than a result may be.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct HugeOutput {
    /// Bytes of details it returns.
    bytes: usize,
}

impl Check for HugeOutput {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, _: &Run) -> Judgement {
        Ok(Verdict::pass("all is well").measure(&"x".repeat(self.bytes), 0.0, "count"))
    }
}

export_check!(HugeOutput);
