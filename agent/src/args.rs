//! Shell: flags and environment of `floorwalker-agent`, read here and nowhere else. Made into the stages' own
//! configurations by `app`. Unknown flags are refused by clap; nothing here is secret, so it is printed as it is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use api::id::NodeName;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser};
use process::http::scrapers::Scrapers;
use process::telemetry::Format;

/// Runs checks on this node: for an aggregator, or standalone from a folder of manifests.
#[derive(Debug, Parser)]
#[command(name = "floorwalker-agent", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Address of the aggregator, such as https://floorwalker.example:7443
    #[arg(long, env = "FLOORWALKER_AGGREGATOR", value_name = "URL", required_unless_present = "checks_dir")]
    pub(crate) aggregator: Option<url::Url>,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Standalone: run the checks of this folder of manifests, watched for changes; metrics only
    #[arg(long, env = "FLOORWALKER_CHECKS_DIR", value_name = "DIR", conflicts_with = "aggregator")]
    pub(crate) checks_dir: Option<PathBuf>,
    /// Name of this node; the host's name unless given
    #[arg(long, env = "FLOORWALKER_NODE", value_name = "NAME")]
    pub(crate) node: Option<NodeName>,
    /// Folder for everything kept over restarts: assignments, plugins, spool, state and ledgers of checks
    #[arg(long, env = "FLOORWALKER_DATA_DIR", value_name = "DIR", default_value = "/var/lib/floorwalker/agent")]
    pub(crate) data_dir: PathBuf,
    /// Where /metrics, /livez and /readyz are served
    #[arg(long, env = "FLOORWALKER_METRICS_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:9877")]
    pub(crate) metrics_listen: SocketAddr,
    /// File with the token that whoever reads /metrics must show; without one, this machine alone may
    #[arg(long, env = "FLOORWALKER_METRICS_TOKEN_FILE", value_name = "FILE")]
    pub(crate) metrics_token_file: Option<PathBuf>,
    /// Where the node's files are seen, for checks that are granted some
    #[arg(long, env = "FLOORWALKER_NODE_ROOT", value_name = "DIR", default_value = "/")]
    pub(crate) node_root: PathBuf,
    /// Authorities that checks trust beside the public ones (PEM)
    #[arg(long, env = "FLOORWALKER_TARGET_CA", value_name = "FILE")]
    pub(crate) target_ca: Option<PathBuf>,
    /// The compiler of plugins; `floorwalker-compile` beside this program unless given
    #[arg(long, env = "FLOORWALKER_COMPILER", value_name = "FILE")]
    pub(crate) compiler: Option<PathBuf>,
    /// Runs at a time
    #[arg(long, env = "FLOORWALKER_CONCURRENCY", value_name = "N", default_value_t = host::engine::RUNS as usize, value_parser = runs)]
    pub(crate) concurrency: usize,
    /// How long running checks and the last report may take once asked to stop
    #[arg(long, env = "FLOORWALKER_GRACE", value_name = "SECONDS", default_value = "25", value_parser = seconds)]
    pub(crate) grace: Duration,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// Whom the agent trusts and how it shows itself; read again when the files change. A standalone agent has nobody to
/// show it to.
#[derive(Debug, clap::Args)]
pub(crate) struct TlsArgs {
    /// Authorities that vouch for the aggregator (PEM)
    #[arg(long, env = "FLOORWALKER_CA", value_name = "FILE", required_unless_present = "checks_dir")]
    pub(crate) ca: Option<PathBuf>,
    /// The agent's certificate (PEM)
    #[arg(long, env = "FLOORWALKER_CERT", value_name = "FILE", required_unless_present = "checks_dir")]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, env = "FLOORWALKER_KEY", value_name = "FILE", required_unless_present = "checks_dir")]
    pub(crate) key: Option<PathBuf>,
}

/// What the agent says.
#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// What is logged, such as `info` or `info,agent=debug`
    #[arg(long, env = "FLOORWALKER_LOG", value_name = "FILTER", default_value = "info")]
    pub(crate) log: String,
    /// How it is logged: text or json
    #[arg(long, env = "FLOORWALKER_LOG_FORMAT", value_name = "FORMAT", default_value_t = Format::Text)]
    pub(crate) log_format: Format,
}

// === impl Args ===

impl Args {
    /// Reads the process's flags and environment; ends the process with help or a complaint where they ask for it.
    pub(crate) fn read() -> Self {
        Self::of(&Self::command().get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// What was given. The identity may stand in the environment of a standalone agent, where the command line's own
    /// variables have the same names; as flags it would do nothing there.
    fn of(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |name: &&str| matches.value_source(name) == Some(ValueSource::CommandLine);
        let idle = ["ca", "cert", "key"].into_iter().find(given).filter(|_| matches.contains_id("checks_dir"));
        match idle {
            Some(name) => {
                let message = format!("--{name} is for an aggregator's agent, and --checks-dir makes a standalone one");
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
            None => Self::from_arg_matches(matches),
        }
    }

    /// The node's name.
    ///
    /// # Errors
    /// The host's name is no DNS name; then it has to be given.
    pub(crate) fn node(&self) -> anyhow::Result<NodeName> {
        if let Some(node) = &self.node {
            return Ok(node.clone());
        }
        let host = nix::unistd::gethostname().context("the host has no name, give one with --node")?;
        let host = host.to_string_lossy().to_ascii_lowercase();
        host.parse().with_context(|| format!("the host's name `{host}` is no node name, give one with --node"))
    }

    /// Who may read the metrics.
    ///
    /// # Errors
    /// The file that was given holds no token: nobody could ever read them.
    pub(crate) fn scrapers(&self) -> anyhow::Result<Scrapers> {
        let file = self.metrics_token_file.clone();
        Scrapers::with_token(file)
            .context("--metrics-token-file lets nobody read the metrics; leave it out, or mend it")
    }

    /// The compiler's path.
    ///
    /// # Errors
    /// This program's own path is unknown.
    pub(crate) fn compiler(&self) -> anyhow::Result<PathBuf> {
        if let Some(compiler) = &self.compiler {
            return Ok(compiler.clone());
        }
        let own = std::env::current_exe().context("own path is unknown, give --compiler")?;
        Ok(own.with_file_name("floorwalker-compile"))
    }
}

/// The sandbox has `host::SLOTS` places; more runs would only wait there.
fn runs(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(runs) if (1..=host::SLOTS as usize).contains(&runs) => Ok(runs),
        _ => Err(format!("a number from 1 to {}", host::SLOTS)),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<u64>().map(Duration::from_secs).map_err(|_| "a number of seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_of_checks_is_needed() {
        let parse = |flags: &[&str]| {
            let line = [&["floorwalker-agent"], flags].concat();
            Args::command().try_get_matches_from(line).and_then(|matches| Args::of(&matches))
        };
        assert!(parse(&["--checks-dir", "/checks"]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["--aggregator", "https://a:7443"]).is_err(), "an identity is needed");
        let tls = ["--ca", "a", "--cert", "b", "--key", "c"];
        assert!(parse(&[&["--aggregator", "https://a:7443"], &tls[..]].concat()).is_ok());
        assert!(parse(&[&["--aggregator", "https://a:7443", "--checks-dir", "/c"], &tls[..]].concat()).is_err());
        assert!(parse(&["--checks-dir", "/checks", "--unknown", "x"]).is_err());
        assert!(parse(&["--checks-dir", "/checks", "--ca", "a"]).is_err(), "it would have no effect");
    }
}
