//! A guest that lets a server it is granted send it on to one that it is not.

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct RedirectToForbiddenHost {
    /// A server that is granted and sends on to another.
    url: String,
}

impl Check for RedirectToForbiddenHost {
    fn run(&self, _: &Run) -> Judgement {
        match http::get(&self.url).redirects(3).fetch() {
            Ok(response) => Ok(Verdict::pass(format!("{} {}", response.status, response.text()))),
            Err(_) => Ok(Verdict::pass("nothing of interest")),
        }
    }
}

export_check!(RedirectToForbiddenHost);
