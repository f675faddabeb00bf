//! The `floorwalker` command: flags, one command, an exit code.

mod args;

mod exit;
mod folder;
mod output;

mod http;

mod command;
mod up;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args = args::read();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::fail(&exit::Failure::here("the system gives no threads", &error)),
    };
    match runtime.block_on(command::run(args)) {
        Ok(exit) => exit.into(),
        Err(failure) => exit::fail(&failure),
    }
}
