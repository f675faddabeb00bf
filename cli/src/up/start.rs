//! Shell: brings everything of an `up` into being, in order: folders, seed, certificates, aggregator, tokens, agents,
//! `state.json` last of all. Called by `run`; what was started is in the family, whoever fails half-way ends it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use api::http::token::Role;
use api::id::Digest;
use api::manifest::release_policy::Class;
use serde::Deserialize;

use super::child::Family;
use super::plan::{CLUSTER, ENVIRONMENTS, Node, Plan, SERVICES, TENANTS, Tenant};
use super::seed::{self, BaselineFile, PLUGINS, Targets};
use super::state::{Agent, Aggregator, Part, State, Tokens, private};
use super::{child, state, tied};
use crate::args;
use crate::failure::Failure;
use crate::folder;
use crate::output::say;

/// A debug build on a busy machine opens its store within a second; the rest is for a busier one.
const READY_TIME_MAX: Duration = Duration::from_secs(60);
/// A file that every Debian has and no running system changes: its hash today is the node's baseline.
const BASELINE_FILE: &str = "/usr/lib/os-release";
/// That file has 300 bytes, and the aggregator's addresses have 100.
const SMALL_BYTES_MAX: usize = 64 << 10;
/// How long running checks may take when it ends: they take a second or two.
const AGENT_GRACE_S: &str = "5";

/// Where the aggregator listens.
#[derive(Debug, Deserialize)]
struct Addresses {
    api: SocketAddr,
}

/// Everything, up to `state.json`.
pub(super) async fn all(plan: &Plan, plugins: &Path, targets: &Targets, family: &mut Family) -> Result<State, Failure> {
    let programs = Programs::find()?;
    fresh(plan)?;
    sow(plan, plugins, targets)?;
    programs.certificates(plan)?;
    say("starting the aggregator");
    let api = start_aggregator(plan, &programs, family).await?;
    let url = format!("https://{api}");
    let tenants = TENANTS.iter().map(|tenant| state_of(plan, &programs, tenant)).collect::<Result<_, _>>()?;
    let mut agents = vec![];
    for node in plan.nodes() {
        say(&format!("starting the agent of {}", node.name));
        agents.push(start_agent(plan, &programs, &node, &url, family).await?);
    }
    let state = State {
        aggregator: Aggregator { url, ca_file: text(&plan.ca().join("ca.pem")) },
        catalogue_dir: text(&plan.catalogue()),
        tenants,
        agents,
        shop: Part { url: targets.shop.as_str().trim_end_matches('/').to_owned() },
        registry: Part { url: targets.registry.as_str().trim_end_matches('/').to_owned() },
    };
    state.write(&plan.state_file())?;
    Ok(state)
}

/// The programs beside this one.
struct Programs {
    aggregator: PathBuf,
    agent: PathBuf,
}

impl Programs {
    fn find() -> Result<Self, Failure> {
        let folder =
            args::own_folder().map_err(|error| Failure::here("the path of this program is unknown", &error))?;
        let find = |name: &str| {
            let file = folder.join(name);
            let missing =
                || Failure::Here(format!("{} is not there: build or install it beside floorwalker", file.display()));
            if file.is_file() { Ok(file.clone()) } else { Err(missing()) }
        };
        find("floorwalker-compile")?;
        Ok(Self { aggregator: find("floorwalker-aggregator")?, agent: find("floorwalker-agent")? })
    }

    /// The development authority, the aggregator's certificate and one for each node.
    fn certificates(&self, plan: &Plan) -> Result<(), Failure> {
        let dir = text(&plan.ca());
        self.make(&["ca", "init", "--dir", &dir])?;
        self.make(&["ca", "issue", "server", "--name", "127.0.0.1", "--name", "localhost", "--dir", &dir])?;
        for node in plan.nodes() {
            self.make(&["ca", "issue", "agent", "--cluster", CLUSTER, "--node", &node.name, "--dir", &dir])?;
        }
        Ok(())
    }

    /// A token, straight into the store.
    fn token(&self, plan: &Plan, tenant: Option<&Tenant>, role: Role) -> Result<String, Failure> {
        let data = text(&plan.aggregator());
        let mut words = vec!["token", "create", "--data-dir", &data, "--role", role.as_str()];
        words.extend(tenant.into_iter().flat_map(|tenant| ["--tenant", tenant.name]));
        // The classes that a story's release is of; a hotfix is not a thing a pipeline's token names.
        let classes = if role == Role::Viewer { &[][..] } else { &[Class::Feature, Class::Config][..] };
        words.extend(classes.iter().flat_map(|class| ["--class", class.as_str()]));
        Ok(self.make(&words)?.trim().to_owned())
    }

    /// Runs a small command of the aggregator.
    fn make(&self, words: &[&str]) -> Result<String, Failure> {
        let output = Command::new(&self.aggregator).args(words).output();
        let output =
            output.map_err(|error| Failure::here(format!("{} does not start", self.aggregator.display()), &error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failure::Here(format!("floorwalker-aggregator {} failed: {said}", words.join(" "))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Empty folders; whoever calls holds the lock.
fn fresh(plan: &Plan) -> Result<(), Failure> {
    for path in &plan.own() {
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(path, &error)),
            _ => {}
        }
    }
    for path in [plan.ca(), plan.logs(), plan.aggregator(), plan.catalogue()] {
        fs::create_dir_all(&path).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(())
}

/// Components, manifests and secrets.
fn sow(plan: &Plan, plugins: &Path, targets: &Targets) -> Result<(), Failure> {
    let mut digests = vec![];
    for (name, file) in PLUGINS {
        let from = plugins.join(file);
        let bytes = folder::component_at(&from)
            .map_err(|why| Failure::Here(format!("{why}; build the plugins first, or give --plugins")))?;
        digests.push((name, Digest::of(&bytes)));
        put(&plan.catalogue().join(seed::component(name)), &bytes, Readers::All)?;
    }
    let mut files = seed::platform(&digests, baseline().as_ref());
    for tenant in &TENANTS {
        files.extend(seed::tenant(tenant, targets)?);
    }
    for (path, text) in files {
        put(&plan.catalogue().join(path), text.as_bytes(), Readers::All)?;
    }
    for (path, value) in seed::secrets() {
        put(&plan.secrets().join(path), value.as_bytes(), Readers::Owner)?;
    }
    Ok(())
}

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    All,
    Owner,
}

fn put(file: &Path, bytes: &[u8], readers: Readers) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let made = fs::create_dir_all(folder).and_then(|()| match readers {
        Readers::All => fs::write(file, bytes),
        Readers::Owner => private(file, bytes),
    });
    made.map_err(|error| unwritable(file, &error))
}

/// The file as it is now; a system without it has no file in its baseline.
fn baseline() -> Option<BaselineFile> {
    let bytes = folder::read_at_most(Path::new(BASELINE_FILE), SMALL_BYTES_MAX).ok()?;
    Some((BASELINE_FILE.to_owned(), Digest::of(&bytes).hex().to_owned()))
}

async fn start_aggregator(plan: &Plan, programs: &Programs, family: &mut Family) -> Result<SocketAddr, Failure> {
    let (ca, addresses) = (plan.ca(), plan.aggregator().join("addresses.json"));
    let mut command = tied::command(&programs.aggregator)?;
    command.arg("serve").arg("--data-dir").arg(plan.aggregator());
    command.arg("--catalogue-dir").arg(plan.catalogue()).arg("--secrets-dir").arg(plan.secrets());
    command.arg("--tls-cert").arg(ca.join("server.pem")).arg("--tls-key").arg(ca.join("server.key"));
    command.arg("--client-ca").arg(ca.join("ca.pem")).arg("--addresses-file").arg(&addresses);
    command.args(["--listen", &format!("127.0.0.1:{}", plan.port), "--admin-listen", "127.0.0.1:0"]);
    let child = family.start("aggregator", command, &plan.logs())?;
    let bound = child
        .says(READY_TIME_MAX, "where it listens", |_| folder::read_at_most(&addresses, SMALL_BYTES_MAX).ok())
        .await?;
    let bound: Addresses =
        serde_json::from_slice(&bound).map_err(|error| Failure::here("the aggregator's addresses", &error))?;
    // Before the first catalogue it answers nothing: it describes the plugins, each by a compile.
    let in_force = |log: &str| log.contains("catalogue in force").then_some(());
    child.says(READY_TIME_MAX, "that its catalogue is in force", in_force).await?;
    Ok(bound.api)
}

/// A tenant with tokens of its own.
fn state_of(plan: &Plan, programs: &Programs, tenant: &Tenant) -> Result<state::Tenant, Failure> {
    let token = |role| programs.token(plan, Some(tenant), role);
    Ok(state::Tenant {
        name: tenant.name.to_owned(),
        namespace: tenant.namespace(ENVIRONMENTS[ENVIRONMENTS.len() - 1]),
        time_zone: tenant.time_zone.to_owned(),
        environments: ENVIRONMENTS.map(str::to_owned).to_vec(),
        services: SERVICES.map(str::to_owned).to_vec(),
        tokens: Tokens {
            viewer: token(Role::Viewer)?,
            pipeline: token(Role::Pipeline)?,
            tenant_admin: token(Role::TenantAdmin)?,
        },
    })
}

async fn start_agent(
    plan: &Plan,
    programs: &Programs,
    node: &Node,
    url: &str,
    family: &mut Family,
) -> Result<Agent, Failure> {
    let ca = plan.ca();
    let mut command = tied::command(&programs.agent)?;
    command.args([
        "--aggregator",
        url,
        "--node",
        &node.name,
        "--grace",
        AGENT_GRACE_S,
        "--metrics-listen",
        "127.0.0.1:0",
    ]);
    command.arg("--data-dir").arg(&node.data).arg("--ca").arg(ca.join("ca.pem"));
    command.arg("--cert").arg(ca.join(format!("agent-{CLUSTER}-{}.pem", node.name)));
    command.arg("--key").arg(ca.join(format!("agent-{CLUSTER}-{}.key", node.name)));
    let child: &mut child::Child = family.start(&node.name, command, &plan.logs())?;
    let metrics = child.says(READY_TIME_MAX, "where it listens", listening).await?;
    Ok(Agent { node: node.name.clone(), metrics_url: format!("http://{metrics}/metrics"), pid: child.pid() })
}

/// The address in the log line that says what is listened on.
fn listening(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("listening"))?;
    line.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':')))
        .find_map(|word| word.trim_matches(':').parse().ok())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::here(format!("{} cannot be written", path.display()), error)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_log() {
        let log = "2026-11-21T10:00:00.123456Z  INFO agent::app: listening metrics=127.0.0.1:41231 node=node-1\n";
        assert_eq!(listening(log), Some(SocketAddr::from(([127, 0, 0, 1], 41231))));
        assert_eq!(listening("starting 127.0.0.1:1\n"), None);
    }
}
