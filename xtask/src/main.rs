//! Shell: `cargo xtask`: builds, runs, tests and checks the workspace. It uses no crate of ours.

mod args;
mod bench;
mod build;
mod codegen;
mod fuzz;
mod launch;
mod lint;
mod need;
mod next;
mod odoo;
mod progress;
mod test;
mod tidy;
mod tree;
mod up;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let (command, setting) = args::read();
    let ended = match command {
        Command::Up(up) => up::run(&setting, &up),
        Command::Build => build::run(&setting),
        Command::Test(test) => test::run(&setting, &test),
        Command::Lint => lint::run(&setting),
        Command::Tidy => tidy::run(&setting),
        Command::Codegen => codegen::run(&setting),
        Command::Fuzz(fuzz) => fuzz::run(&setting, &fuzz),
        Command::Bench(bench) => bench::run(&setting, &bench),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
