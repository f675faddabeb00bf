//! Shell: the blackbox exporter of Prometheus from Debian, with the modules a test writes.

use std::{fs, path::Path, process::Command, time::Duration};

use super::prometheus::listening;
use crate::{binary, child::Child};

const PROGRAM: &str = "prometheus-blackbox-exporter";
/// A start takes milliseconds; the rest is for a busy machine.
const START_MAX: Duration = Duration::from_secs(30);

/// A running exporter.
#[derive(Debug)]
pub struct Blackbox {
    /// `127.0.0.1:PORT`
    pub address: String,
    child: Child,
}

/// Why it cannot be started here, if so.
#[must_use]
pub fn unavailable() -> Option<String> {
    let missing = "the blackbox exporter is not installed: apt-get install prometheus-blackbox-exporter";
    binary::on_path(PROGRAM).is_none().then(|| missing.to_owned())
}

/// Starts one with its settings, a YAML document.
///
/// # Errors
/// It did not start.
pub async fn start(settings: &str, folder: &Path) -> anyhow::Result<Blackbox> {
    let file = folder.join("blackbox.yml");
    fs::write(&file, settings)?;
    let mut command = Command::new(PROGRAM);
    command.arg(format!("--config.file={}", file.display())).arg("--web.listen-address=127.0.0.1:0");
    let mut child = Child::spawn("blackbox", command, folder)?;
    let address = child.says(START_MAX, "its address", listening).await?;
    Ok(Blackbox { address, child })
}

impl Blackbox {
    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Stops it.
    pub fn stop(mut self) {
        self.child.stop();
    }
}
