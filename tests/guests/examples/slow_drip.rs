//! A guest that takes whatever a target drips, for as long as it drips, and asks again when it is cut off.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct SlowDrip {
    /// Where it drips.
    url: String,
}

impl Check for SlowDrip {
    fn run(&self, _: &Run) -> Judgement {
        let _step = step::open("drink");
        loop {
            // Whatever comes of it: a guest that is content with an error would end here.
            let _ = http::get(&self.url).fetch();
        }
    }
}

export_check!(SlowDrip);
