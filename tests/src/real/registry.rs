//! Shell: docker-registry from Debian, with TLS and basic authentication where a test asks for them.

use std::{fs, path::Path, process::Command, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{binary, child::Child, http::Client, tls::Identity};

const PROGRAM: &str = "docker-registry";
/// A cold start takes under 1 s; the rest is for a busy machine.
const START_MAX: Duration = Duration::from_secs(30);

/// The one user of a registry that asks for a password.
pub const USER: &str = "floorwalker";
/// Its password.
pub const PASSWORD: &str = "registry-secret";
/// bcrypt of the password with the least cost: docker-registry takes no other hash.
const HTPASSWD: &str = "floorwalker:$2b$04$l3S0LA9qSUfB1om/ILxYs.FPnNTWiHo14/6OcWLF5GxpG5KUBvCim\n";

/// What a registry is started with.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Serves TLS with this certificate.
    pub tls: Option<Identity>,
    /// Whom it lets in.
    pub access: Access,
}

/// Whom a registry lets in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// `USER` with `PASSWORD`.
    Password,
}

/// A running registry.
#[derive(Debug)]
pub struct Registry {
    /// `http://127.0.0.1:PORT` or `https://...`
    pub url: String,
    child: Child,
}

/// Why it cannot be started here, if so.
#[must_use]
pub fn unavailable() -> Option<String> {
    binary::on_path(PROGRAM)
        .is_none()
        .then(|| "docker-registry is not installed: apt-get install docker-registry".to_owned())
}

/// Starts one with its storage in a folder.
///
/// # Errors
/// It did not start.
pub async fn start(config: &Config, folder: &Path) -> anyhow::Result<Registry> {
    fs::create_dir_all(folder)?;
    let file = folder.join("registry.yml");
    fs::write(&file, settings(config, folder)?)?;
    let mut command = Command::new(PROGRAM);
    command.arg("serve").arg(&file).env("OTEL_TRACES_EXPORTER", "none");
    let mut child = Child::spawn("registry", command, folder)?;
    let address = child.says(START_MAX, "its address", listening).await?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    Ok(Registry { url: format!("{scheme}://{address}"), child })
}

impl Registry {
    /// A client that trusts `ca_pem` and shows the password where one is asked for.
    ///
    /// # Errors
    /// The PEM text is none.
    pub fn client(&self, config: &Config, ca_pem: &str) -> anyhow::Result<Client> {
        let client = Client::new(&self.url, ca_pem)?;
        Ok(match config.access {
            Access::Open => client,
            Access::Password => {
                client.with_authorization(&format!("Basic {}", BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"))))
            }
        })
    }

    /// Stops it.
    pub fn stop(mut self) {
        self.child.stop();
    }
}

/// The address in the log line `listening on ADDRESS[, tls]`.
fn listening(log: &str) -> Option<String> {
    let rest = log.split("listening on ").nth(1)?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'))?;
    Some(rest[..end].to_owned())
}

/// Its configuration file; JSON is YAML.
fn settings(config: &Config, folder: &Path) -> anyhow::Result<String> {
    let mut settings = serde_json::json!({
        "version": "0.1",
        "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": true}},
        "storage": {"filesystem": {"rootdirectory": folder.join("storage")}, "delete": {"enabled": true}},
        "http": {"addr": "127.0.0.1:0"},
    });
    if let Some(identity) = &config.tls {
        let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
        fs::write(&certificate, &identity.certificate)?;
        fs::write(&key, &identity.key)?;
        settings["http"]["tls"] = serde_json::json!({"certificate": certificate, "key": key});
    }
    if config.access == Access::Password {
        let file = folder.join("htpasswd");
        fs::write(&file, HTPASSWD)?;
        settings["auth"] = serde_json::json!({"htpasswd": {"realm": "floorwalker", "path": file}});
    }
    Ok(settings.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_log() {
        let log = r#"{"level":"info","msg":"listening on 127.0.0.1:41231, tls","version":"2.8.2"}"#;
        assert_eq!(listening(log).as_deref(), Some("127.0.0.1:41231"));
        assert_eq!(listening("{}"), None);
    }
}
