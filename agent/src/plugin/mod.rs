//! Shell: makes the assigned plugins ready, one at a time: fetched, compiled, loaded. Its task follows the assignments;
//! others see the result in `table`. It runs no plugin.

pub mod artefact;
pub mod error;
pub mod fetch;
pub mod metrics;
mod sealed;
pub mod state;
pub mod table;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use api::frame::{Assignments, PluginState};
use api::id::Digest;
use process::clock::SharedClock;
use process::supervise::chain;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use artefact::Artefacts;
use error::ArtefactError;
use fetch::{Components, FetchError};
use table::Plugins;

/// Longest time between two looks; every other cause wakes the task itself.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What makes plugins ready.
pub struct Preparer {
    /// Where bytes come from.
    pub components: Components,
    /// What becomes of them.
    pub artefacts: Artefacts,
    /// Where the result is seen.
    pub plugins: Plugins,
    /// What is wanted.
    pub assignments: watch::Receiver<Arc<Assignments>>,
    /// When failed ones are tried again.
    pub clock: SharedClock,
}

#[derive(Debug, thiserror::Error)]
enum PrepareError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Artefact(#[from] ArtefactError),
}

// === impl Preparer ===

impl Preparer {
    /// Works until `token` is cancelled.
    ///
    /// # Errors
    /// Never: a plugin that cannot be made ready is a state of that plugin.
    pub async fn run(mut self, token: CancellationToken) -> Result<(), Infallible> {
        let mut lately = BTreeSet::new();
        loop {
            let Some(wanted) = self.wanted() else {
                // What is on the disk may be wanted in a moment: nothing is made ready and nothing is removed.
                tokio::select! {
                    () = token.cancelled() => return Ok(()),
                    changed = self.assignments.changed() => match changed {
                        Ok(()) => continue,
                        Err(_) => return Ok(()),
                    },
                }
            };
            for digest in self.plugins.to_prepare(&wanted) {
                tokio::select! {
                    () = token.cancelled() => return Ok(()),
                    () = self.prepare(&digest) => {}
                }
            }
            // A run may begin by an older assignment for as long as the driver has not seen the new one.
            let kept = self.plugins.retain(wanted.union(&lately).cloned().collect());
            let removed = self.components.retain(&kept).and_then(|()| self.artefacts.retain(&kept));
            if let Err(error) = removed {
                tracing::warn!(error = %chain(&error), "plugins that are no longer assigned cannot be removed");
            }
            let rest = self.rest(&wanted);
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                changed = self.assignments.changed() => match changed {
                    Ok(()) => lately.extend(wanted),
                    Err(_) => return Ok(()),
                },
                () = tokio::time::sleep(rest) => lately = wanted,
            }
        }
    }

    /// The components that are assigned; none before anything was, which only an empty etag says.
    fn wanted(&mut self) -> Option<BTreeSet<Digest>> {
        let assigned = self.assignments.borrow_and_update();
        let wanted = || assigned.checks.iter().map(|check| check.plugin.clone()).collect();
        (!assigned.etag.is_empty()).then(wanted)
    }

    async fn prepare(&self, digest: &Digest) {
        if let Err(error) = self.try_prepare(digest).await {
            self.plugins.fail(digest, &chain(&error));
        }
    }

    async fn try_prepare(&self, digest: &Digest) -> Result<(), PrepareError> {
        let plugin = match self.artefacts.load(digest).await? {
            Some(plugin) => plugin,
            None => {
                let component = self.components.bytes(digest).await?;
                self.plugins.advance(digest, PluginState::Fetched, None);
                self.artefacts.compile(digest, &component).await?;
                self.plugins.advance(digest, PluginState::Compiled, None);
                self.artefacts.load_compiled(digest).await?
            }
        };
        self.plugins.advance(digest, PluginState::Ready, Some(plugin));
        Ok(())
    }

    /// Until the next failed plugin is to be tried again.
    fn rest(&self, wanted: &BTreeSet<Digest>) -> Duration {
        let again = self.plugins.prepares_again_boot_ms(wanted);
        again.map_or(LOOK_EVERY, |at| Duration::from_millis(at.saturating_sub(self.clock.boot_ms())).min(LOOK_EVERY))
    }
}
