//! Shell: the user's `up` for a test: the parts, then `floorwalker up` in a folder of its own, all on free ports and
//! gone when the value is dropped.

mod join;

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::Context;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    binary,
    child::Child,
    http::Client,
    parts::{self, Parts},
    state::{State, Tenant},
    until::until,
};

/// The tenants that `floorwalker up` seeds.
pub const TENANTS: [&str; 2] = ["acme", "zenith"];
/// From nothing to a written state: certificates, the store, four plugins compiled.
const START_MAX: Duration = Duration::from_secs(120);

/// One stand at a time in a suite: two would only slow each other down on two cores.
static TURN: Mutex<()> = Mutex::const_new(());

/// A running Floorwalker.
#[derive(Debug)]
pub struct Stand {
    /// Where everything is.
    pub state: State,
    /// The shop and the registry.
    pub parts: Parts,
    /// The `floorwalker up` process.
    pub up: Child,
    ca_pem: String,
    // Last: what runs in the folder ends before the folder goes.
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Stand {
    /// Starts everything and waits until it says it is up.
    ///
    /// # Errors
    /// Something is not built, not installed, or did not start; with the end of its log.
    pub async fn start() -> anyhow::Result<Self> {
        let turn = TURN.lock().await;
        let folder = tempfile::Builder::new().prefix("floorwalker-").tempdir()?;
        let tenants = TENANTS.map(str::to_owned);
        let parts = parts::start(&tenants, folder.path()).await?;
        let dir = folder.path().join("up");
        let mut command = Command::new(binary::find("floorwalker")?);
        command.args(["up", "--port", "0", "--dir"]).arg(&dir);
        command.args(["--shop", &parts.shop.url, "--registry", &parts.registry.url]);
        command.arg("--plugins").arg(binary::components());
        let mut up = Child::spawn("up", command, folder.path())?;
        let file = up.says(START_MAX, "where its state is", written).await?;
        let state: State = serde_json::from_str(&fs::read_to_string(&file)?).context("state.json")?;
        let ca_pem = fs::read_to_string(&state.aggregator.ca_file)?;
        ready(&state, &ca_pem).await?;
        Ok(Self { state, parts, up, ca_pem, folder, _turn: turn })
    }

    /// A client of the aggregator without a token.
    ///
    /// # Errors
    /// The CA file is no PEM.
    pub fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.state.aggregator.url, &self.ca_pem)
    }

    /// A seeded tenant by name.
    #[must_use]
    pub fn tenant(&self, name: &str) -> &Tenant {
        self.state.tenants.iter().find(|tenant| tenant.name == name).expect("the seed holds the tenants of `TENANTS`")
    }

    /// A file in the folder of manifests.
    #[must_use]
    pub fn manifest(&self, name: &str) -> PathBuf {
        PathBuf::from(&self.state.catalogue_dir).join(name)
    }

    /// The folder of this stand, for files of the test.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Waits for the first catalogue: an aggregator says 503 until its plugins are described and its manifests in force.
async fn ready(state: &State, ca_pem: &str) -> anyhow::Result<()> {
    let tenant = state.tenants.first().context("no tenant is seeded")?;
    let viewer = Client::new(&state.aggregator.url, ca_pem)?.with_token(&tenant.tokens.viewer);
    until(START_MAX, "a catalogue in force", async || Ok((viewer.get("/v1/checks").await?.status != 503).then_some(())))
        .await
}

/// The state file in the JSON line that `up` prints when it is up.
fn written(output: &str) -> Option<PathBuf> {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter_map(|line| line.get("state")?.as_str().map(PathBuf::from)).next()
}
