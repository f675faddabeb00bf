//! Shell: the one reader of flags and environment. Each flag of `serve` becomes a field of a stage's configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use api::http::token::Role;
use api::id::{ClusterName, NodeName, TenantName};
use api::manifest::release_policy::Class;
use api::quantity::Span;
use clap::{Args, Parser, Subcommand};
use process::telemetry::Format;

use crate::authn::ca::ISSUED_DAYS;

/// Takes agents' results, decides releases, serves readers.
#[derive(Debug, Parser)]
#[command(name = "floorwalker-aggregator", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What is logged, by the commands that log.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
#[group(skip)]
pub struct Log {
    /// What to log, such as `info` or `info,aggregator=debug`.
    #[arg(long, global = true, env = "FLOORWALKER_LOG", default_value = "info")]
    pub log: String,
    /// How a log line looks: `text` or `json`.
    #[arg(long, global = true, env = "FLOORWALKER_LOG_FORMAT", default_value_t = Format::Text)]
    pub log_format: Format,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the aggregator.
    Serve {
        /// Its own flags.
        #[command(flatten)]
        flags: Box<Serve>,
        /// What it logs.
        #[command(flatten)]
        log: Log,
    },
    /// The certificate authority of a small installation.
    Ca {
        /// What to make.
        #[command(subcommand)]
        command: Ca,
    },
    /// Tokens, straight into the store: how the first one is made.
    Token {
        /// What is logged.
        #[command(flatten)]
        log: Log,
        /// What to do.
        #[command(subcommand)]
        command: Token,
    },
}

/// Flags of `serve`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Serve {
    /// Folder of the store (`aggregator.db` and `reports.db`) and of the components agents fetch.
    #[arg(long, env = "FLOORWALKER_DATA_DIR")]
    pub data_dir: PathBuf,
    /// Folder of the manifests; changes take effect by themselves.
    #[arg(long, env = "FLOORWALKER_CATALOGUE_DIR")]
    pub catalogue_dir: PathBuf,
    /// Folder of secrets: <dir>/<namespace>/<secret>/<key>, each at most 0600. Without it no check has secrets.
    #[arg(long, env = "FLOORWALKER_SECRETS_DIR")]
    pub secrets_dir: Option<PathBuf>,
    /// The compiler that describes plugins; by default beside this program.
    #[arg(long, env = "FLOORWALKER_COMPILER")]
    pub compiler: Option<PathBuf>,
    /// Address of the API, over TLS.
    #[arg(long, env = "FLOORWALKER_LISTEN", default_value = "0.0.0.0:7443")]
    pub listen: SocketAddr,
    /// Address of /metrics, /livez and /readyz, plain.
    #[arg(long, env = "FLOORWALKER_ADMIN_LISTEN", default_value = "127.0.0.1:7444")]
    pub admin_listen: SocketAddr,
    /// Certificate chain of the API, PEM; read again when it changes.
    #[arg(long, env = "FLOORWALKER_TLS_CERT")]
    pub tls_cert: PathBuf,
    /// Private key of that certificate, PEM.
    #[arg(long, env = "FLOORWALKER_TLS_KEY")]
    pub tls_key: PathBuf,
    /// Authority of the agents' certificates, PEM.
    #[arg(long, env = "FLOORWALKER_CLIENT_CA")]
    pub client_ca: PathBuf,
    /// How people and pipelines reach the API, for links in answers; by default https:// and the bound address.
    #[arg(long, env = "FLOORWALKER_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Write the bound addresses there as JSON ({"api": .., "admin": ..}) once both are: for port 0.
    #[arg(long, env = "FLOORWALKER_ADDRESSES_FILE")]
    pub addresses_file: Option<PathBuf>,
}

impl Serve {
    /// The compiler: as given, else `floorwalker-compile` beside this program, else the one of the search path.
    pub fn compiler(&self) -> PathBuf {
        const NAME: &str = "floorwalker-compile";
        let beside = || Some(std::env::current_exe().ok()?.parent()?.join(NAME)).filter(|path| path.exists());
        self.compiler.clone().or_else(beside).unwrap_or_else(|| PathBuf::from(NAME))
    }
}

/// Verbs of `ca`.
#[derive(Debug, Subcommand)]
pub enum Ca {
    /// Make an authority: ca.pem and ca.key.
    Init {
        /// Folder to put them in.
        #[arg(long)]
        dir: PathBuf,
    },
    /// Issue a certificate beside the authority.
    Issue {
        /// For whom.
        #[command(subcommand)]
        whom: Whom,
    },
}

/// Whom a certificate is for.
#[derive(Debug, Subcommand)]
pub enum Whom {
    /// An agent: agent-<cluster>-<node>.pem and .key.
    Agent {
        /// Name of the cluster that the agent's node is in.
        #[arg(long)]
        cluster: ClusterName,
        /// Name of the agent's node; the agent runs with the same --node.
        #[arg(long)]
        node: NodeName,
        /// Folder that `ca init` filled; the certificate is put there too.
        #[arg(long)]
        dir: PathBuf,
        /// How many days it is valid.
        #[arg(long, default_value_t = ISSUED_DAYS, value_parser = clap::value_parser!(i64).range(1..=3_650))]
        days: i64,
    },
    /// A server: server.pem and server.key.
    Server {
        /// A DNS name or an address it is reached by; may be given more than once.
        #[arg(long = "name", required = true)]
        names: Vec<String>,
        /// Folder that `ca init` filled; the certificate is put there too.
        #[arg(long)]
        dir: PathBuf,
        /// How many days it is valid.
        #[arg(long, default_value_t = ISSUED_DAYS, value_parser = clap::value_parser!(i64).range(1..=3_650))]
        days: i64,
    },
}

/// Verbs of `token`.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token and print it once. Works beside a running server, on the same machine.
    Create {
        /// Folder of the store.
        #[arg(long, env = "FLOORWALKER_DATA_DIR")]
        data_dir: PathBuf,
        /// Its tenant; none only for a platform administrator's.
        #[arg(long)]
        tenant: Option<TenantName>,
        /// What it may do: viewer, pipeline, tenant-admin or platform-admin.
        #[arg(long, value_parser = word::<Role>)]
        role: Role,
        /// A release class it may claim; may be given more than once.
        #[arg(long = "class", value_parser = word::<Class>)]
        classes: Vec<Class>,
        /// How long it is valid, such as 90d; 400d at most.
        #[arg(long, default_value = "90d")]
        expires: Span,
    },
}

/// A word of an enumeration, as documents write it.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn flags_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_logs_nothing_takes_no_log() {
        let parse = |line: &str| Arguments::try_parse_from(line.split_whitespace());
        assert!(parse("floorwalker-aggregator ca init --dir d").is_ok());
        assert!(parse("floorwalker-aggregator ca init --dir d --log debug").is_err());
        let token = "floorwalker-aggregator token create --data-dir d --role viewer --tenant acme";
        assert!(parse(&format!("{token} --log debug")).is_ok());
    }
}
