//! `floorwalker-agent`: runs checks on a node. Here it only starts: `args` reads the flags, `app` builds and runs.

mod app;
mod args;

use std::process::ExitCode;

use process::supervise::block_on;

fn main() -> ExitCode {
    let args = args::Args::read();
    block_on(async { app::build(args).await?.run().await })
}
