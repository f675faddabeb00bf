//! Shell: a pipeline that asks the gate again and again, one question after the other, and how long each answer took.

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use harness::http::Client;
use harness::site::Site;
use serde_json::json;

/// Between an answer and the next question: fifty a second at most, as a thousand pipelines that each poll every twenty
/// seconds.
const PAUSE: Duration = Duration::from_millis(20);

/// The pipeline.
pub(super) struct Questions(Client);

// === impl Questions ===

impl Questions {
    pub(super) async fn of(site: &Site, data: &Path) -> anyhow::Result<Self> {
        let token = site.token(data, "acme", "pipeline")?;
        let ca = std::fs::read_to_string(site.certificate("ca.pem"))?;
        let questions = Self(Client::new(&format!("https://{}", site.address()), &ca)?.with_token(&token));
        questions.ask().await?;
        Ok(questions)
    }

    /// Asks for as long as something else takes.
    pub(super) async fn ask_until<T>(&self, other: impl Future<Output = T>) -> anyhow::Result<(Vec<Duration>, T)> {
        let mut other = std::pin::pin!(other);
        let mut latencies = vec![];
        loop {
            let next = async {
                tokio::time::sleep(PAUSE).await;
                self.ask().await
            };
            tokio::select! {
                done = &mut other => return Ok((latencies, done)),
                asked = next => latencies.push(asked?),
            }
        }
    }

    async fn ask(&self) -> anyhow::Result<Duration> {
        let question = json!({"tenant": "acme", "environment": "prod", "service": "shop"});
        let began = Instant::now();
        let answer = self.0.post("/v1/decisions", &question).await?;
        match answer.status {
            200 => Ok(began.elapsed()),
            status => bail!("the gate answered {status}: {}", answer.text()),
        }
    }
}

/// The latency that one in a hundred passes, in milliseconds.
pub(super) fn p99_ms(latencies: &[Duration]) -> f64 {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() * 99 / 100).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
}
