//! Shell: names of subjects to measure (none: all), and where the binaries are. Read once, by `main`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::subject;

pub(crate) struct Args {
    pub(crate) subjects: Vec<String>,
    pub(crate) bin_dir: PathBuf,
}

#[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
pub(crate) fn read() -> anyhow::Result<Args> {
    let subjects: Vec<String> = std::env::args().skip(1).collect();
    for name in &subjects {
        if !subject::ALL.iter().any(|subject| subject.name == name) {
            let known: Vec<_> = subject::ALL.iter().map(|subject| subject.name).collect();
            bail!("no subject `{name}`; there are {}", known.join(", "));
        }
    }
    let bin_dir = std::env::var_os("FLOORWALKER_BIN_DIR")
        .map(PathBuf::from)
        .context("FLOORWALKER_BIN_DIR names the folder of floorwalker-compile; `cargo xtask bench` sets it")?;
    Ok(Args { subjects, bin_dir })
}
