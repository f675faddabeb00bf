//! Shell: an aggregator and agents in one folder, each a process that a test starts, kills and starts again with flags
//! of its own. Used by the suites that break processes or what they stand on; `stand` is the user's `up` instead.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
use std::{fs, net::SocketAddr};

use anyhow::{Context, ensure};
use api::id::Namespace;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{binary, child::Child, until::until};

/// Checks of the one tenant: enough that a record of each is in every frame.
pub const CHECKS: u64 = 40;
/// A debug build on a busy machine opens its store within a second; the rest is for a busier one.
pub const START_MAX: Duration = Duration::from_secs(60);
/// The cluster in every agent's certificate.
pub const CLUSTER: &str = "crash";
const NAMESPACE: &str = "acme-prod";

/// The folder with its authority and its manifests.
#[derive(Debug)]
pub struct Site {
    folder: PathBuf,
    /// Of the aggregator, since it was first bound; it keeps it, because agents do.
    address: OnceLock<SocketAddr>,
}

#[derive(Deserialize)]
struct Addresses {
    api: SocketAddr,
    admin: SocketAddr,
}

/// The namespace of the checks.
#[must_use]
pub fn namespace() -> Namespace {
    NAMESPACE.parse().expect("a label")
}

/// Name of a check by its place.
#[must_use]
pub fn check_name(place: u64) -> String {
    format!("check-{place}")
}

// === impl Site ===

impl Site {
    /// Makes the authority, the aggregator's certificate, the tenant and its plugin, without checks.
    ///
    /// # Errors
    /// Something is not built.
    pub fn lay(folder: &Path) -> anyhow::Result<Self> {
        let site = Self { folder: folder.to_owned(), address: OnceLock::new() };
        fs::create_dir_all(site.catalogue())?;
        site.issue(&["ca", "init"])?;
        site.issue(&["ca", "issue", "server", "--name", "127.0.0.1", "--name", "localhost"])?;
        let component = fs::read(binary::component("http-probe")?)?;
        fs::write(site.catalogue().join("http-probe.wasm"), &component)?;
        let digest = hex::encode(Sha256::digest(&component));
        site.manifest(
            "platform.yaml",
            &format!(
                "{HEAD}kind: Plugin\nmetadata: {{name: http-probe}}\nspec: {{source: {{file: http-probe.wasm}}, \
                 digest: \"sha256:{digest}\"}}\n---\n{HEAD}kind: Tenant\nmetadata: {{name: acme}}\nspec:\n  \
                 timeZone: Europe/Berlin\n  tier: critical\n  environments: [{{name: prod, namespaces: [{NAMESPACE}]}}]\n  \
                 services: [shop]\n  ceiling: {{http: [\"http://127.0.0.1:1\"], addresses: [127.0.0.0/8]}}\n"
            ),
        )?;
        Ok(site)
    }

    /// Gives every node the same few or `CHECKS` checks, each as often as there can be: every run fails, so every run is a record.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn add_checks(&self, count: u64) -> anyhow::Result<()> {
        // Port 1 is for tcpmux, which nobody has run in this century.
        let check = |place| {
            format!(
                "{HEAD}kind: Check\nmetadata: {{name: {}, namespace: {NAMESPACE}}}\nspec:\n  plugin: http-probe\n  \
                 service: shop\n  config: {{url: \"http://127.0.0.1:1/\"}}\n  grants: {{http: [\"http://127.0.0.1:1\"]}}\n  \
                 runInterval: 5s\n  timeout: 5s\n  placement: {{mode: EveryNode}}\n",
                check_name(place)
            )
        };
        self.manifest("checks.yaml", &(0..count).map(check).collect::<Vec<_>>().join("---\n"))
    }

    /// Writes a file of manifests.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn manifest(&self, name: &str, text: &str) -> anyhow::Result<()> {
        Ok(fs::write(self.catalogue().join(name), text)?)
    }

    /// The folder of manifests.
    #[must_use]
    pub fn catalogue(&self) -> PathBuf {
        self.folder.join("catalogue")
    }

    /// A file of the authority's folder.
    #[must_use]
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.folder.join("ca").join(name)
    }

    /// Makes a certificate for a node.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn admit(&self, node: &str) -> anyhow::Result<()> {
        self.issue(&["ca", "issue", "agent", "--cluster", CLUSTER, "--node", node])
    }

    /// Runs a command of the authority.
    ///
    /// # Errors
    /// It fails.
    pub fn issue(&self, words: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(binary::find("floorwalker-aggregator")?);
        let output = command.args(words).arg("--dir").arg(self.certificate("")).output()?;
        ensure!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// A token of a tenant, straight into the store.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn token(&self, data: &Path, tenant: &str, role: &str) -> anyhow::Result<String> {
        let mut command = Command::new(binary::find("floorwalker-aggregator")?);
        command.args(["token", "create", "--tenant", tenant, "--role", role, "--data-dir"]).arg(data);
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The aggregator with its data in a folder.
    ///
    /// # Errors
    /// It is not built.
    pub fn aggregator(&self, data: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(binary::find("floorwalker-aggregator")?);
        command.arg("serve").arg("--data-dir").arg(data).arg("--catalogue-dir").arg(self.catalogue());
        command.arg("--tls-cert").arg(self.certificate("server.pem"));
        command.arg("--tls-key").arg(self.certificate("server.key"));
        command.arg("--client-ca").arg(self.certificate("ca.pem")).arg("--addresses-file").arg(self.addresses());
        let listen = self.address.get().map_or("127.0.0.1:0".to_owned(), ToString::to_string);
        command.args(["--listen", &listen, "--admin-listen", "127.0.0.1:0"]);
        Ok(command)
    }

    /// Waits for an aggregator that was started, and keeps its address for the next one.
    ///
    /// # Errors
    /// It ended, or does not say where it listens.
    pub async fn listening(&self, aggregator: &mut Child) -> anyhow::Result<()> {
        let bound = aggregator.says(START_MAX, "where it listens", |_| self.bound()).await?;
        self.address.get_or_init(|| bound.api);
        Ok(())
    }

    /// Waits until the aggregator's catalogue is in force.
    ///
    /// # Errors
    /// It ended, or takes too long.
    pub async fn in_force(&self, aggregator: &mut Child) -> anyhow::Result<()> {
        let said = |log: &str| log.contains("catalogue in force").then_some(());
        aggregator.says(START_MAX, "that its catalogue is in force", said).await
    }

    /// Where the running aggregator is watched.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.bound().map(|bound| bound.admin)
    }

    /// The aggregator's own address, for what stands between it and an agent.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        *self.address.get().expect("an aggregator was listening before")
    }

    /// The agent of a node with its data in a folder.
    ///
    /// # Errors
    /// It is not built.
    pub fn agent(&self, node: &str, data: &Path) -> anyhow::Result<Command> {
        let mut command = self.told("floorwalker-agent", node)?;
        command.arg("--data-dir").arg(data).args(["--metrics-listen", "127.0.0.1:0", "--grace", "5"]);
        Ok(command)
    }

    /// A teller for a node with its spool in a folder.
    ///
    /// # Errors
    /// It is not built.
    pub fn teller(&self, node: &str, spool: &Path, (first, rate): (u64, u64)) -> anyhow::Result<Command> {
        let mut command = self.told("floorwalker-teller", node)?;
        command.arg("--spool").arg(spool).args(["--first", &first.to_string(), "--rate", &rate.to_string()]);
        Ok(command)
    }

    fn told(&self, program: &str, node: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(binary::find(program)?);
        command.args(["--aggregator", &format!("https://{}", self.address()), "--node", node]);
        let own = format!("agent-{CLUSTER}-{node}");
        for (flag, file) in [("--ca", "ca.pem"), ("--cert", &format!("{own}.pem")), ("--key", &format!("{own}.key"))] {
            command.arg(OsStr::new(flag)).arg(self.certificate(file));
        }
        Ok(command)
    }

    fn addresses(&self) -> PathBuf {
        self.folder.join("addresses.json")
    }

    fn bound(&self) -> Option<Addresses> {
        serde_json::from_slice(&fs::read(self.addresses()).ok()?).ok()
    }
}

/// The first line of every manifest.
pub const HEAD: &str = "apiVersion: floorwalker.dev/v1alpha1\n";

/// Waits until a process has ended by itself, and gives what it said.
///
/// # Errors
/// It goes on.
pub async fn ended(child: &mut Child) -> anyhow::Result<String> {
    let over = until(START_MAX, "an end", async || Ok(child.wait(Duration::from_millis(1)).ok()));
    over.await.with_context(|| child.output())?;
    Ok(child.output())
}
