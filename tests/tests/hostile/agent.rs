//! Shell: one agent as it is shipped, on its own or for an aggregator, with a folder of checks to write into, and what it
//! says.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Context;
use harness::{binary, child::Child, http::Client, image::digest, site::Site, until::until};
use serde_json::Value;
use tempfile::TempDir;

/// Compiling in a debug build on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

const NODE: &str = "node-1";

/// A running agent. Its data are in `data`.
pub(crate) struct Agent {
    child: Child,
    metrics: Client,
    /// Where its manifests are: its own folder, or its aggregator's.
    checks: PathBuf,
    _aggregator: Option<Child>,
    folder: TempDir,
}

/// Who gives an agent its checks.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Source {
    /// A folder: nobody leases it anything.
    #[default]
    Folder,
    /// An aggregator, which has the folder.
    Aggregator,
}

/// What an agent starts with.
#[derive(Default)]
pub(crate) struct Setting {
    /// In the place of the machine's own `/etc/hosts`, for this agent alone.
    pub(crate) hosts: Option<PathBuf>,
    /// In the place of the compiler beside it.
    pub(crate) compiler: Option<PathBuf>,
    pub(crate) source: Source,
}

/// A line that the agent logged.
#[derive(Clone, Debug)]
pub(crate) struct Line(Value);

impl Line {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }
}

impl Agent {
    /// Starts in a folder of its own, or again in one that another left.
    pub(crate) async fn start(folder: TempDir, setting: &Setting) -> anyhow::Result<Self> {
        let (mut command, checks, aggregator) = match setting.source {
            Source::Folder => {
                let checks = folder.path().join("checks");
                fs::create_dir_all(&checks)?;
                let mut command = Self::program(setting)?;
                command.args(["--node", NODE, "--metrics-listen", "127.0.0.1:0", "--grace", "5"]);
                command.arg("--data-dir").arg(folder.path().join("data")).arg("--checks-dir").arg(&checks);
                (command, checks, None)
            }
            Source::Aggregator => {
                let site = Site::lay(folder.path())?;
                let mut aggregator = site.aggregator(&folder.path().join("aggregator"))?;
                aggregator.args(["--log", "info"]);
                let mut aggregator = Child::spawn("aggregator", aggregator, folder.path())?;
                site.listening(&mut aggregator).await?;
                site.admit(NODE)?;
                (site.agent(NODE, &folder.path().join("data"))?, site.catalogue(), Some(aggregator))
            }
        };
        command.args(["--log-format", "json", "--log", "info,agent::schedule=debug"]);
        if let Some(compiler) = &setting.compiler {
            command.arg("--compiler").arg(compiler);
        }
        let mut child = Child::spawn("agent", command, folder.path())?;
        let address = child.says(PATIENCE, "where it listens", |said| {
            let listens = lines(said).into_iter().find(|line| line.text("message") == "listening");
            listens.map(|line| line.text("metrics").to_owned())
        });
        let metrics = Client::plain(&format!("http://{}", address.await?))?;
        Ok(Self { child, metrics, checks, _aggregator: aggregator, folder })
    }

    fn program(setting: &Setting) -> anyhow::Result<Command> {
        let agent = binary::find("floorwalker-agent")?;
        let Some(hosts) = &setting.hosts else { return Ok(Command::new(agent)) };
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", r#"mount --bind "$0" /etc/hosts && exec "$@""#]).arg(hosts).arg(agent);
        Ok(command)
    }

    /// Writes a file of manifests, whole at once.
    pub(crate) fn write(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let beside = self.checks.join(format!(".{file}"));
        fs::write(&beside, text)?;
        Ok(fs::rename(beside, self.checks.join(file))?)
    }

    /// Removes it.
    pub(crate) fn remove(&self, file: &str) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.checks.join(file))?)
    }

    /// Puts a component beside the manifests; gives the Plugin that names it, in a namespace or the platform's.
    pub(crate) fn plugin(&self, name: &str, namespace: Option<&str>, component: &[u8]) -> anyhow::Result<String> {
        fs::write(self.checks.join(format!("{name}.wasm")), component)?;
        let (label, digest) = (label(name), digest(component));
        let namespace = namespace.map_or(String::new(), |namespace| format!(", namespace: {namespace}"));
        Ok(format!(
            "---\napiVersion: floorwalker.dev/v1alpha1\nkind: Plugin\nmetadata: {{name: {label}{namespace}}}\n\
             spec: {{source: {{file: {name}.wasm}}, digest: \"{digest}\"}}\n"
        ))
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Waits until no check of a tenant has anything left in its ledger: the file of one goes with its last entry.
    pub(crate) async fn keeps_no_ledger(&self, tenant: &str) -> anyhow::Result<()> {
        let folder = self.data().join("ledger").join(tenant);
        until(PATIENCE, "empty ledgers", async || Ok(fs::read_dir(&folder)?.next().is_none().then_some(()))).await
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> Vec<Line> {
        lines(&self.child.output())
    }

    /// Waits until it says something after the first `from` lines.
    pub(crate) async fn says(&self, from: usize, what: &str, is: impl Fn(&Line) -> bool) -> anyhow::Result<Line> {
        until(PATIENCE, what, async || Ok(self.said().into_iter().skip(from).find(|line| is(line)))).await
    }

    /// The text of its metrics.
    pub(crate) async fn metrics(&self) -> anyhow::Result<String> {
        Ok(self.metrics.get("/metrics").await?.text())
    }

    /// The most memory it ever had resident, in bytes, as the kernel counted it.
    pub(crate) fn memory_peak_bytes(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).context("the agent ended")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib << 10)
    }

    /// Ends it; what it kept stays.
    pub(crate) fn stop(mut self) -> TempDir {
        self.child.stop();
        self.folder
    }
}

/// A guest's component, whoever makes it.
pub(crate) fn component(name: &str) -> Vec<u8> {
    if floorwalker_guests::RAW.contains(&name) {
        return floorwalker_guests::raw::component(name);
    }
    let plugin = binary::component(name);
    let built = plugin.or_else(|_| binary::component(&format!("examples/{name}"))).expect("built components");
    fs::read(built).expect("a component")
}

/// A name as manifests take it.
pub(crate) fn label(name: &str) -> String {
    name.replace('_', "-")
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The program of `COMPILERS`.
pub(crate) fn compiler(name: &str) -> PathBuf {
    let file = Path::new("tests/guests/compilers").join(format!("{name}.sh"));
    binary::workspace().join(file)
}

fn lines(said: &str) -> Vec<Line> {
    // The last one may be half written.
    said.lines().filter_map(|line| serde_json::from_str(line).ok().map(Line)).collect()
}
