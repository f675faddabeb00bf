//! `completions`: a script that completes commands and flags in a shell.

use clap_complete::Shell;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::write;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  floorwalker completions bash > /etc/bash_completion.d/floorwalker")]
pub(crate) struct Args {
    /// The shell that is to complete
    shell: Shell,
}

/// Prints the script for these commands.
pub(crate) fn run(Args { shell }: &Args, commands: &mut clap::Command) -> Result<Exit, Failure> {
    let mut script = vec![];
    clap_complete::generate(*shell, commands, "floorwalker", &mut script);
    write(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
