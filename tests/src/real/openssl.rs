//! Shell: OpenSSL's own test server and client, for a version of TLS that no library of ours speaks any more.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context;

use crate::{binary, child::Child, tls::Identity};

const PROGRAM: &str = "openssl";
/// Without it the library keeps its oldest versions to itself.
const WEAK: &str = "ALL:@SECLEVEL=0";
/// A start takes milliseconds; the rest is for a busy machine.
const START_MAX: Duration = Duration::from_secs(30);

/// A running server that speaks TLS 1.0 and nothing newer.
#[derive(Debug)]
pub struct Server {
    /// `https://localhost:PORT`
    pub url: String,
    port: u16,
    child: Child,
}

/// Why it cannot be started here, if so.
#[must_use]
pub fn unavailable() -> Option<String> {
    binary::on_path(PROGRAM).is_none().then(|| "openssl is not installed: apt-get install openssl".to_owned())
}

/// Starts one with its certificate in a folder.
///
/// # Errors
/// It did not start.
pub async fn start(identity: &Identity, folder: &Path) -> anyhow::Result<Server> {
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    fs::write(&certificate, &identity.certificate)?;
    fs::write(&key, &identity.key)?;
    let mut command = Command::new(PROGRAM);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-tls1", "-cipher", WEAK]);
    command.arg("-cert").arg(&certificate).arg("-key").arg(&key);
    let mut child = Child::spawn("openssl", command, folder)?;
    let port = child.says(START_MAX, "its port", port).await?;
    Ok(Server { url: format!("https://localhost:{port}"), port, child })
}

impl Server {
    /// The version of TLS that OpenSSL's client gets when it offers one alone, such as `-tls1`; none when refused.
    ///
    /// # Errors
    /// The client does not start.
    pub fn version(&self, offer: &str) -> anyhow::Result<Option<String>> {
        let mut client = Command::new(PROGRAM);
        client.args(["s_client", "-connect", &format!("127.0.0.1:{}", self.port), offer, "-cipher", WEAK]);
        let said = client.stdin(Stdio::null()).output().context("the client does not start")?;
        // Told in a line like `New, TLSv1.0, Cipher is ECDHE-RSA-AES256-SHA`, or `New, (NONE), Cipher is (NONE)`.
        let text = String::from_utf8_lossy(&said.stdout);
        let line = text.lines().find_map(|line| line.strip_prefix("New, "));
        Ok(line.and_then(|line| line.split(',').next()).filter(|version| *version != "(NONE)").map(str::to_owned))
    }

    /// Stops it.
    pub fn stop(mut self) {
        self.child.stop();
    }
}

/// The port in the line `ACCEPT 127.0.0.1:PORT`.
fn port(log: &str) -> Option<u16> {
    let line = log.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
    line.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_log() {
        assert_eq!(port("Using default temp DH parameters\nACCEPT 127.0.0.1:46391\n"), Some(46391));
        assert_eq!(port("ACCEPT 127.0.0.1:"), None);
    }
}
