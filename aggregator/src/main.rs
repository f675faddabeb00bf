//! Shell: starts the aggregator or one of its small commands.

use std::process::ExitCode;

use aggregator::args::{Arguments, Command, Log};
use aggregator::{app, command};
use anyhow::Context as _;
use clap::Parser as _;
use process::shutdown::Signals;

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    process::supervise::block_on(async move {
        match command {
            Command::Serve { flags, log: Log { log, log_format } } => {
                process::telemetry::init(log_format, &log)?;
                let signals = Signals::install().context("signals cannot be taken over")?;
                app::build(app::Config::from(*flags)).await?.run(signals).await?;
                anyhow::Ok(())
            }
            Command::Ca { command } => command::ca(command),
            Command::Token { log: Log { log, log_format }, command } => {
                process::telemetry::init(log_format, &log)?;
                command::token(command).await
            }
        }
    })
}
