//! Shell: asks plugins what they are, with the same limited compiler that agents use. Called by `validate`; `run` takes
//! the paths from here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::catalogue::{Catalogue, DescribedPlugin, DescribedPlugins, Plugin};
use api::id::Digest;
use process::compile::{CompileError, Compiler};

use crate::args;
use crate::failure::Failure;
use crate::folder;
use process::supervise::chain;

/// The compiler's program, beside this one.
const PROGRAM: &str = "floorwalker-compile";

/// Where the compiler is: beside this program.
pub(super) fn program() -> Result<PathBuf, Failure> {
    let own = args::own_folder().map_err(|error| Failure::here("the path of this program is unknown", &error))?;
    let program = own.join(PROGRAM);
    if !program.is_file() {
        let text =
            format!("{} is not there: plugins cannot be described; install it beside floorwalker", program.display());
        return Err(Failure::Here(text));
    }
    Ok(program)
}

/// What every plugin of a catalogue says of itself, and why those that do not say it do not.
pub(super) async fn all(root: &Path, catalogue: &Catalogue) -> Result<DescribedPlugins, Failure> {
    if catalogue.plugins.is_empty() {
        return Ok(DescribedPlugins::new());
    }
    let compiler = Compiler::new(program()?);
    let mut described = BTreeMap::new();
    for plugin in catalogue.plugins.values() {
        let digest = &plugin.manifest.spec.digest;
        if described.contains_key(digest) {
            continue;
        }
        let answer = match component(root, plugin) {
            Ok(bytes) => one(&compiler, digest, &bytes).await.map(Arc::new),
            Err(why) => Err(why),
        };
        described.insert(digest.clone(), answer);
    }
    Ok(described)
}

/// A plugin's bytes, which must be those its manifest names.
pub(super) fn component(root: &Path, plugin: &Plugin) -> Result<Vec<u8>, String> {
    let bytes = folder::component(root, &plugin.file)?;
    let (wanted, found) = (&plugin.manifest.spec.digest, Digest::of(&bytes));
    if *wanted != found {
        return Err(format!("{} hashes to {found}, its manifest names {wanted}", plugin.file));
    }
    Ok(bytes)
}

/// Compiles and describes one component.
async fn one(compiler: &Compiler, digest: &Digest, bytes: &[u8]) -> Result<DescribedPlugin, String> {
    let compiled = compiler.compile(bytes, &mut tokio::io::sink()).await.map_err(|error| match error {
        CompileError::Refused { complaint, .. } => complaint,
        other => chain(&other),
    })?;
    let plugin = DescribedPlugin::parse(digest.clone(), &compiled.describe);
    plugin.map_err(|error| DescribedPlugin::complaint(&error))
}
