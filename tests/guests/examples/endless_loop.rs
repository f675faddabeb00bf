//! A guest that never returns and never calls the host.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct EndlessLoop {}

impl Check for EndlessLoop {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, _: &Run) -> Judgement {
        let _step = step::open("spin");
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }
}

export_check!(EndlessLoop);
