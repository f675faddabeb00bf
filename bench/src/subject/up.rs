//! Shell: `cargo xtask up --check` as a person meets it: warm, with everything built, and cold, from nothing but the
//! downloaded crates, in a target folder of its own. The cold one builds for many minutes.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::ensure;
use harness::binary;

use crate::stage::Stage;
use crate::table::Table;

pub(crate) fn measure(_: &Stage, table: &mut Table) -> anyhow::Result<()> {
    // Once before, so that nothing is left to build.
    told(None)?;
    let warm = told(None)?;
    let folder = tempfile::tempdir()?;
    let cold = told(Some(folder.path()))?;
    table.compare("`up --check` warm, the whole story", warm, "s", (cold, "cold, everything built"));
    Ok(())
}

/// Seconds from the command to its end.
fn told(target: Option<&std::path::Path>) -> anyhow::Result<f64> {
    let mut command = Command::new("cargo");
    command.current_dir(binary::workspace()).args(["xtask", "up", "--check"]).stdout(Stdio::null());
    if let Some(target) = target {
        command.env("CARGO_TARGET_DIR", target);
    }
    let began = Instant::now();
    let status = command.status()?;
    ensure!(status.success(), "`cargo xtask up --check` ended with {status}");
    Ok(began.elapsed().as_secs_f64())
}
