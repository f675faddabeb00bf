//! A guest that follows its own server to the metadata of the cloud, where a node's credentials are, and tells what it
//! got there.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct RedirectToMetadata {
    /// A server that is granted and sends on to http://169.254.169.254.
    url: String,
}

impl Check for RedirectToMetadata {
    fn run(&self, _: &Run) -> Judgement {
        match http::get(&self.url).redirects(3).fetch() {
            Ok(response) => Ok(Verdict::pass(format!("{} {}", response.status, response.text()))),
            // It hides what it tried: the host has seen it all the same.
            Err(_) => Ok(Verdict::pass("nothing of interest")),
        }
    }
}

export_check!(RedirectToMetadata);
