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
    /// A secret that it sends along as `x-key`.
    #[serde(default)]
    secret: Option<String>,
}

impl Check for ForbiddenHost {
    fn run(&self, _: &Run) -> Judgement {
        let request = |url: &String| {
            let mut request = http::get(url).redirects(self.redirects);
            if let Some(timeout_ms) = self.timeout_ms {
                request = request.timeout(Duration::from_millis(timeout_ms));
            }
            if let Some(name) = &self.secret {
                request = request.header_parts("x-key", vec![http::Part::secret(name, http::Encoding::Raw)]);
            }
            request
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
