//! Shell: the data folder: claimed for one server, its store opened, and what the last run left restored. Called by
//! `app`; `token create` opens the store without the claim.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use process::supervise::Stage;

use crate::authn::random;
use crate::authz::PlatformScope;
use crate::placement::agents::Agents;
use crate::placement::lease::Leases;
use crate::plugin::blobs::Blobs;
use crate::store::agent::AgentRead as _;
use crate::store::lease::LeaseRead as _;
use crate::store::{Config, Store, Threads};

/// A killed server holds its claim until the kernel has ended its last thread, which may sit in a sync of the disk:
/// tried so often, so far apart, ten seconds in all.
const CLAIM_TRIES_MAX: u32 = 100;
const CLAIM_PAUSE: Duration = Duration::from_millis(100);

/// A data folder in use.
pub struct Data {
    /// Held as long as the server runs.
    pub claim: File,
    /// The store; its writer runs.
    pub store: Store,
    /// Components.
    pub blobs: Arc<Blobs>,
    /// Agents of the last run, heard now.
    pub agents: Arc<Agents>,
    /// Leases of the last run, granted now.
    pub leases: Arc<tokio::sync::Mutex<Leases>>,
    /// The key of secrets' versions, made once.
    pub secret_key: [u8; 32],
}

/// Takes a data folder into use. The store's tasks live in `stage`; `boot` is now.
///
/// # Errors
/// The folder cannot be used, or another server has it.
pub async fn open(folder: &Path, stage: &Stage, boot: Duration) -> anyhow::Result<Data> {
    make(folder)?;
    let claim = claim_soon(folder).await?;
    let (store, threads) = open_store(folder)?;
    start(threads, stage).context("a thread cannot be started")?;
    stage.spawn("store-close", store.clone().close_on(stage.token()));
    let system = PlatformScope::system("start");
    let (agents, leases) = store.read(move |view| Ok((view.agents(&system)?, view.leases(&system)?))).await?;
    let secret_key = store.upkeep(|tx| tx.fact_ensure("secret-version-key", &random::bytes())).await?;
    Ok(Data {
        claim,
        store,
        blobs: Arc::new(Blobs::open(folder.join("plugins"))?),
        agents: Arc::new(Agents::restore(agents, boot)),
        leases: Arc::new(tokio::sync::Mutex::new(Leases::restore(leases, boot))),
        secret_key,
    })
}

/// The store of a data folder, both made when they are not there.
///
/// # Errors
/// The folder cannot be made, or the store is not usable.
pub fn open_store(folder: &Path) -> anyhow::Result<(Store, Threads)> {
    make(folder)?;
    Ok(Store::open(&Config { folder: folder.to_owned() })?)
}

/// Starts the store's threads. What machines report gives way to what people ask.
fn start(Threads { law, reports }: Threads, stage: &Stage) -> std::io::Result<()> {
    stage.spawn_thread("law-writer", move || law.writer.run())?;
    stage.spawn_thread("law-checkpoint", move || law.checkpoints.run())?;
    stage.spawn_background_thread("reports-writer", move || reports.writer.run())?;
    stage.spawn_background_thread("reports-checkpoint", move || reports.checkpoints.run())
}

/// For its owner alone: hashes of tokens and keys are in it.
fn make(folder: &Path) -> anyhow::Result<()> {
    process::folder::make(folder)
        .with_context(|| format!("{} cannot be made; choose a folder that can be written", folder.display()))
}

/// Waits for a predecessor that is about to be gone.
async fn claim_soon(folder: &Path) -> anyhow::Result<File> {
    for _ in 1..CLAIM_TRIES_MAX {
        if let Ok(file) = claim(folder) {
            return Ok(file);
        }
        tokio::time::sleep(CLAIM_PAUSE).await;
    }
    claim(folder)
}

/// Leases and placements are in memory, so two servers on one store would grant both.
fn claim(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("serving.lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another aggregator serves {}; stop it, or give another --data-dir", folder.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{} cannot be locked", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = claim(folder.path()).expect("free");
        let error = claim(folder.path()).expect_err("taken").to_string();
        assert!(error.contains("--data-dir"), "{error}");
        drop(first);
        claim(folder.path()).expect("free again");
    }
}
