//! A guest that panics inside a step, after a step that passed.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Panic {}

impl Check for Panic {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, run: &Run) -> Judgement {
        step::open("prepare").pass();
        let _step = step::open("index");
        log::warn("about to go wrong");
        let empty: Vec<u8> = Vec::new();
        let index = usize::try_from(run.scheduled_at_ms).unwrap_or(usize::MAX).max(7);
        Ok(Verdict::pass(format!("{}", empty[index])))
    }
}

export_check!(Panic);
