//! Shell: runs the built `floorwalker` command as a pipeline would, and gives its exit code and output. Used by the
//! suite `cli`.

use std::{ffi::OsStr, process::Command};

use anyhow::Context;

use crate::{binary, state::State};

/// The command with the environment it finds.
#[derive(Clone, Debug, Default)]
pub struct Cli {
    environment: Vec<(&'static str, String)>,
}

/// How it ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// What it printed for programs and people.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Cli {
    /// Without an address and a token.
    #[must_use]
    pub fn bare() -> Self {
        Self::default()
    }

    /// With what `state.json` says, and a token.
    #[must_use]
    pub fn of(state: &State, token: &str) -> Self {
        Self::at(&state.aggregator.url, &state.aggregator.ca_file, token)
    }

    /// With any address.
    #[must_use]
    pub fn at(url: &str, ca_file: &str, token: &str) -> Self {
        let environment = [("FLOORWALKER_URL", url), ("FLOORWALKER_CA", ca_file), ("FLOORWALKER_TOKEN", token)];
        Self { environment: environment.into_iter().map(|(name, value)| (name, value.to_owned())).collect() }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// It is not built.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> anyhow::Result<Ended> {
        let mut command = Command::new(binary::find("floorwalker")?);
        for name in ["FLOORWALKER_URL", "FLOORWALKER_CA", "FLOORWALKER_TOKEN"] {
            command.env_remove(name);
        }
        let output =
            command.args(args).envs(self.environment.clone()).output().context("floorwalker does not start")?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Ended { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) })
    }
}
