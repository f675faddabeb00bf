//! A guest that takes whatever a target drips, for as long as it drips, and when it is cut off does anything but end.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct SlowDrip {
    /// Where it drips.
    url: String,
}

impl Check for SlowDrip {
    fn run(&self, _: &Run) -> Judgement {
        let _step = step::open("drink");
        while http::get(&self.url).fetch().is_ok() {}
        // A guest that is content with an error would end here.
        loop {
            std::hint::black_box(0);
        }
    }
}

export_check!(SlowDrip);
