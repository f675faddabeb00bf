//! A guest that floods whatever it may call: the log, steps, and then the host itself.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Storm {
    /// Lines it logs.
    lines: u32,
    /// Bytes of details it returns.
    #[serde(default)]
    output_bytes: usize,
}

impl Check for Storm {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, _: &Run) -> Judgement {
        for line in 0..self.lines {
            log::info(&format!("line {line}"));
        }
        let verdict = Verdict::pass("it rains");
        match self.output_bytes {
            0 => Ok(verdict),
            bytes => Ok(verdict.measure(&"x".repeat(bytes), 0.0, "count")),
        }
    }
}

export_check!(Storm);
