//! Shell: rewrites the committed documents that are generated: OpenAPI, who gets what of it, schemas.
//!
//! Each is held by a test whose name contains `golden`; told to, that test writes instead of comparing.

use crate::args::Setting;
use crate::{build, launch, need};

/// Tells golden tests to write.
const WRITE: &str = "FLOORWALKER_CODEGEN";
/// The same for what the compiler says of programs that must not compile (the crate `trybuild`).
const WRITE_REFUSALS: (&str, &str) = ("TRYBUILD", "overwrite");

pub(crate) fn run(setting: &Setting) -> anyhow::Result<()> {
    need::get(setting)?;
    build::all(setting)?;
    let mut goldens = launch::cargo(&setting.root, &["test", "--locked", "--workspace"]);
    goldens
        .args(build::APART)
        .arg("golden")
        .env(WRITE, "1")
        .env(WRITE_REFUSALS.0, WRITE_REFUSALS.1)
        .env("FLOORWALKER_BIN_DIR", setting.binaries());
    launch::run(&mut goldens)?;
    launch::run(std::process::Command::new("git").current_dir(&setting.root).args(["status", "--short"]))
}
