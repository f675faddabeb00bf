//! `completions`: a script that completes commands and flags in a shell.

use clap_complete::Shell;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::output::write;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  floorwalker completions bash > /etc/bash_completion.d/floorwalker")]
pub(crate) struct Args {
    /// The shell that is to complete
    shell: Shell,
}

pub(crate) fn run(Args { shell }: &Args) -> Result<Exit, Failure> {
    let mut script = vec![];
    clap_complete::generate(*shell, &mut args::commands(), "floorwalker", &mut script);
    write(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
