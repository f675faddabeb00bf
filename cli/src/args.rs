//! Shell: flags and environment of `floorwalker`, read here and nowhere else. What several commands are told stands here;
//! each command's own flags stand with the command.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use url::Url;

use crate::output::Format;

/// A noun whose every command asks the aggregator. Flags that others would take without effect stand here, not at the
/// top.
#[derive(Debug, clap::Args)]
pub(crate) struct Online<C: Subcommand> {
    #[command(flatten)]
    pub(crate) printing: Printing,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: C,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Printing {
    /// How answers are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
}

/// Where the aggregator is, and who asks.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Address of the aggregator, such as https://floorwalker.example:7443
    #[arg(long, global = true, env = "FLOORWALKER_URL", value_name = "URL")]
    pub(crate) url: Option<Url>,
    /// Token of the form fwt_…; better in the environment, where other users do not see it
    #[arg(long, global = true, env = "FLOORWALKER_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Authorities to trust instead of the public ones (PEM)
    #[arg(long, global = true, env = "FLOORWALKER_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// Reads flags and environment; ends the process with help, or with 2 and a complaint.
pub(crate) fn read<A: Parser>() -> A {
    A::parse()
}

/// Reads a word of a document from a flag.
pub(crate) fn from_word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

/// This program.
pub(crate) fn own_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// The folder of this program: the others of ours lie beside it.
pub(crate) fn own_folder() -> std::io::Result<PathBuf> {
    Ok(own_program()?.parent().map_or_else(|| PathBuf::from("."), std::path::Path::to_owned))
}

/// Where local runs keep compiled plugins and state: the user's cache.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
pub(crate) fn local_folder() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("floorwalker/local")
}
