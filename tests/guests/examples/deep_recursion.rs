//! A guest that calls itself without end.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct DeepRecursion {}

impl Check for DeepRecursion {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, run: &Run) -> Judgement {
        let _step = step::open("descend");
        Ok(Verdict::pass(format!("{} levels", descend(run.scheduled_at_ms))))
    }
}

/// What is done after the call keeps the compiler from making a loop of it.
#[expect(unconditional_recursion, reason = "it is what this guest is for")]
fn descend(level: u64) -> u64 {
    let below = descend(std::hint::black_box(level.wrapping_add(1)));
    std::hint::black_box(below.wrapping_add(level))
}

export_check!(DeepRecursion);
