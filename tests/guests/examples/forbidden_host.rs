//! A guest that asks whatever its configuration says and tells what came of it, word for word.

use std::time::Duration;

use floorwalker_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct ForbiddenHost {
    /// What it asks, granted or not.
    urls: Vec<String>,
    /// How many redirects it follows.
    #[serde(default)]
    redirects: u8,
    /// The longest one answer may take.
    #[serde(default)]
    timeout_ms: Option<u64>,
}

impl Check for ForbiddenHost {
    fn run(&self, _: &Run) -> Judgement {
        let request = |url: &String| {
            let request = http::get(url).redirects(self.redirects);
            match self.timeout_ms {
                None => request,
                Some(timeout_ms) => request.timeout(Duration::from_millis(timeout_ms)),
            }
        };
        let requests: Vec<_> = self.urls.iter().map(request).collect();
        let answers = http::fetch_many(&requests);
        let told: Vec<String> = answers
            .into_iter()
            .map(|answer| match answer {
                Ok(response) => format!("{} {}", response.status, response.text()),
                Err(error) => format!("{}: {}", error.reason.as_str(), error.remedy.unwrap_or(error.message)),
            })
            .collect();
        Ok(Verdict::pass(told.join("\n")))
    }
}

export_check!(ForbiddenHost);
