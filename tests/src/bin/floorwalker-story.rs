//! Shell: tells the story against what `floorwalker up` started; exits 0 only if every step came out as told.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use harness::{state::State, story};

/// Tells the story of a release, with real requests.
#[derive(Debug, Parser)]
struct Args {
    /// The `state.json` that `floorwalker up` wrote.
    #[arg(long)]
    state: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match tell(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done about a closed stderr; the code still says it.
            let _ = writeln!(io::stderr(), "\nthe story did not come out as told: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn tell(Args { state }: &Args) -> anyhow::Result<()> {
    let text = fs::read_to_string(state).with_context(|| format!("cannot read {}", state.display()))?;
    let state: State = serde_json::from_str(&text).context("not a state.json of this version")?;
    story::tell(&state, &mut io::stdout()).await
}
