//! Shell: a program that ends with the one who started it, also when that one is killed and can end nothing. `up` starts
//! aggregator and agents through this, `cargo xtask up` starts `up` through it. It asks the kernel for a signal at the
//! parent's end and then becomes the program: same process, so there is nobody in between.
//!
//! The kernel counts the parent's *thread*: start it from one that lives as long as the process, such as the main one.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

use crate::args;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Process id of whoever starts this
    parent: i32,
    /// The program
    program: OsString,
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Becomes the program; comes back only when that does not work.
pub(crate) fn run(Args { parent, program, words }: Args) -> Failure {
    // The same as Ctrl-C and `kill`: it drains.
    if let Err(errno) = set_pdeathsig(Signal::SIGTERM) {
        return Failure::here("the kernel ties no process to its parent", &errno);
    }
    if getppid().as_raw() != parent {
        return Failure::Here(format!("process {parent}, which started this, has ended"));
    }
    let error = Command::new(&program).args(words).exec();
    Failure::here(format!("{} does not start", program.display()), &error)
}

/// The command that starts a program tied to this process.
pub(super) fn command(program: &Path) -> Result<Command, Failure> {
    let own = args::own_program().map_err(|error| Failure::here("the path of this program is unknown", &error))?;
    let mut command = Command::new(own);
    command.args(["tied", &std::process::id().to_string()]).arg(program);
    Ok(command)
}
