//! A guest that logs more than anybody reads, and writes to standard error besides.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct LogFlood {
    /// Lines it logs, and as many that it writes to standard error.
    lines: u32,
    /// Bytes of each.
    #[serde(default)]
    line_bytes: usize,
}

impl Check for LogFlood {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, _: &Run) -> Judgement {
        let filling = "x".repeat(self.line_bytes);
        for line in 0..self.lines {
            log::info(&format!("line {line} {filling}"));
            eprintln!("error {line} {filling}");
        }
        Ok(Verdict::pass("all is said"))
    }
}

export_check!(LogFlood);
