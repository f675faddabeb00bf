//! Shell: the `floorwalker` command: flags, one command, an exit code.

mod args;

mod exit;
mod failure;
mod folder;
mod output;
mod problem;

mod http;

mod command;
mod up;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args = args::read::<command::Args>();
    process::supervise::block_on_code(async {
        match command::run(args).await {
            Ok(exit) => exit.into(),
            Err(failure) => failure::fail(&failure),
        }
    })
}
