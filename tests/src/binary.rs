//! Shell: where the built binaries and plugins are. Asked by `stand`, `real` and the suites; builds nothing itself.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::bail;

/// Names a folder of binaries to test instead of the workspace's debug build.
const BIN_DIR: &str = "FLOORWALKER_BIN_DIR";
/// Names the Python environment with the genuine Odoo 11.
const ODOO_DIR: &str = "FLOORWALKER_ODOO_DIR";

/// A binary of this workspace, such as `floorwalker-agent`.
///
/// # Errors
/// It is not built.
pub fn find(name: &str) -> anyhow::Result<PathBuf> {
    existing(folder().join(name))
}

/// The folder of the workspace's binaries.
#[must_use]
pub fn folder() -> PathBuf {
    env::var_os(BIN_DIR).map_or_else(|| target().join("debug"), PathBuf::from)
}

/// The component of a plugin or guest, such as `http-probe`.
///
/// # Errors
/// It is not built.
pub fn component(name: &str) -> anyhow::Result<PathBuf> {
    existing(components().join(format!("{}.wasm", name.replace('-', "_"))))
}

/// The component of a hostile guest, such as `quiet`.
///
/// # Errors
/// It is not built.
pub fn guest(name: &str) -> anyhow::Result<PathBuf> {
    existing(components().join("examples").join(format!("{name}.wasm")))
}

/// The folder of the built components.
#[must_use]
pub fn components() -> PathBuf {
    target().join("wasm32-wasip2/plugin")
}

/// The Python environment with the genuine Odoo 11, which `cargo xtask test` installs and names.
#[must_use]
pub fn odoo() -> Option<PathBuf> {
    env::var_os(ODOO_DIR).map(PathBuf::from).filter(|folder| folder.join("bin/python").is_file())
}

/// A program of the machine, looked up as a shell does.
#[must_use]
pub fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => workspace().join("target"),
    }
}

/// The workspace's root: this crate lies in its `tests` folder.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in a folder of the workspace")
}

fn existing(file: PathBuf) -> anyhow::Result<PathBuf> {
    if !file.is_file() {
        bail!("{} is not there: run `cargo xtask build` first", file.display());
    }
    Ok(file)
}
