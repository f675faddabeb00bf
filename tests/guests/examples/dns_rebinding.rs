//! A guest that asks one name again and again, until its owner lets it point into the node's own network, and tells
//! what answered.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct DnsRebinding {
    /// The name is granted; whose address it is changes.
    url: String,
    /// How often it asks.
    times: u32,
}

impl Check for DnsRebinding {
    fn run(&self, _: &Run) -> Judgement {
        let mut told: Vec<String> = Vec::new();
        for _ in 0..self.times {
            told.push(match http::get(&self.url).fetch() {
                Ok(response) => response.text().into_owned(),
                Err(error) => error.reason.as_str().to_owned(),
            });
        }
        told.dedup();
        Ok(Verdict::pass(told.join("\n")))
    }
}

export_check!(DnsRebinding);
