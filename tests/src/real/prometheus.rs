//! Shell: Prometheus from Debian, which scrapes what a test says and is asked in PromQL.

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::{binary, child::Child, http::Client};

const PROGRAM: &str = "prometheus";
/// A start takes a second; the rest is for a busy machine.
const START_MAX: Duration = Duration::from_secs(60);

/// A running server.
#[derive(Debug)]
pub struct Prometheus {
    client: Client,
    child: Child,
}

/// A series of an answer, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels, `__name__` among them where the query keeps it.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// Why it cannot be started here, if so.
#[must_use]
pub fn unavailable() -> Option<String> {
    binary::on_path(PROGRAM).is_none().then(|| "Prometheus is not installed: apt-get install prometheus".to_owned())
}

/// Starts one with its settings, a YAML document.
///
/// # Errors
/// It did not start.
pub async fn start(settings: &str, folder: &Path) -> anyhow::Result<Prometheus> {
    let file = folder.join("prometheus.yml");
    fs::write(&file, settings)?;
    let mut command = Command::new(PROGRAM);
    command.arg(format!("--config.file={}", file.display())).arg("--web.listen-address=127.0.0.1:0");
    command.arg(format!("--storage.tsdb.path={}", folder.join("series").display()));
    let mut child = Child::spawn("prometheus", command, folder)?;
    let address = child.says(START_MAX, "its address", listening).await?;
    child.says(START_MAX, "that it is ready", |log| log.contains("ready to receive").then_some(())).await?;
    Ok(Prometheus { client: Client::plain(&format!("http://{address}"))?, child })
}

impl Prometheus {
    /// What a query in PromQL gives now: a vector's series, or a scalar as one without labels.
    ///
    /// # Errors
    /// The query is refused.
    pub async fn query(&self, promql: &str) -> anyhow::Result<Vec<Sample>> {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("query={}", encoded(promql));
        let answer = self.client.send("POST", "/api/v1/query", &headers, body.into()).await?.json()?;
        ensure!(answer["status"] == "success", "{promql}: {}", answer["error"]);
        let result = &answer["data"]["result"];
        if answer["data"]["resultType"] == "scalar" {
            return Ok(vec![Sample { labels: BTreeMap::new(), value: value(result)? }]);
        }
        result.as_array().context("a vector")?.iter().map(Sample::of).collect()
    }

    /// Stops it.
    pub fn stop(mut self) {
        self.child.stop();
    }
}

impl Sample {
    fn of(series: &Value) -> anyhow::Result<Self> {
        Ok(Self { labels: serde_json::from_value(series["metric"].clone())?, value: value(&series["value"])? })
    }

    /// A label, empty when absent.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// The value in `[instant, "value"]`.
fn value(pair: &Value) -> anyhow::Result<f64> {
    Ok(pair[1].as_str().context("a value")?.parse()?)
}

/// A form's value: everything but letters and digits in hex.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The address in a log line `msg="Listening on" address=ADDRESS`.
pub(super) fn listening(log: &str) -> Option<String> {
    let rest = log.split("msg=\"Listening on\" address=").nth(1)?;
    rest.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_log() {
        let log = "level=info msg=\"Start listening for connections\" address=127.0.0.1:0\n\
                   level=info msg=\"Listening on\" address=127.0.0.1:34373\n";
        assert_eq!(listening(log).as_deref(), Some("127.0.0.1:34373"));
        assert_eq!(listening("level=info"), None);
    }

    #[test]
    fn a_query_is_written_as_a_form_takes_it() {
        assert_eq!(encoded("a{b=~\"c+\"}"), "a%7Bb%3D%7E%22c%2B%22%7D");
    }
}
