//! A guest that allocates until it is stopped.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct MemoryBomb {}

impl Check for MemoryBomb {
    const CAPABILITIES: &'static [Capability] = &[];

    fn run(&self, _: &Run) -> Judgement {
        let _step = step::open("allocate");
        let mut kept: Vec<Vec<u8>> = Vec::new();
        loop {
            kept.push(std::hint::black_box(vec![1; 1 << 20]));
        }
    }
}

export_check!(MemoryBomb);
