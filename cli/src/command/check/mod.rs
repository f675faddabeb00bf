//! The `check` commands: what may be done with checks on this machine and at the aggregator.

mod describe;
mod list;
mod local;
mod report;
mod run;
mod validate;

use crate::exit::Exit;
use crate::failure::Failure;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Hold a folder of manifests against every rule the aggregator holds it against, offline
    #[command(
        after_help = "Example:\n  floorwalker check validate manifests/\n\nExits 1 when anything is refused, with file, line, field and remedy; 2 when there is nothing to validate."
    )]
    Validate(validate::Args),
    /// Run one check once on this machine, with a node's sandbox and limits
    #[command(
        after_help = "Examples:\n  floorwalker check run -f plugins/http-probe/manifest.yaml \\\n      --component target/wasm32-wasip2/plugin/http_probe.wasm\n  \
        floorwalker check run -f check.yaml --secret odoo-api-key=key.txt\n\nExits 0 when the check passes or warns, 1 otherwise."
    )]
    Run(run::Args),
    /// List checks and how they stand
    #[command(after_help = "Example:\n  floorwalker check list --tenant acme")]
    List(list::Args),
}

pub(crate) async fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Validate(args) => validate::run(args).await,
        Command::Run(args) => run::run(args).await,
        Command::List(args) => list::run(args).await,
    }
}
