//! The plugins of this node, as everyone sees them: filled by `plugin`'s task, asked by `schedule` and `run`. Each
//! change of state is told to the aggregator. A bad plugin is an entry like any other; it stops nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use api::frame::{Assignment, Body, PluginState, PluginStatus};
use api::id::{CheckId, Digest};
use api::limits::{TEXT_BYTES_MAX, cut};
use api::result::CheckResult;
use host::Plugin;
use process::clock::SharedClock;
use tokio::sync::watch;

use super::state::Health;
use crate::spool::{Draft, Spool};

/// Shared by all stages. Cheap to clone.
#[derive(Clone)]
pub struct Plugins {
    table: Arc<Mutex<BTreeMap<Digest, Entry>>>,
    /// Those that checks are run by, as the driver said last.
    serving: Arc<Mutex<BTreeSet<Digest>>>,
    changes: watch::Sender<u64>,
    spool: Option<Spool>,
    clock: SharedClock,
}

struct Entry {
    health: Health,
    plugin: Option<Plugin>,
}

/// Where a plugin stands, as far as running goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// It runs.
    Ready,
    /// It will be ready or not soon; wait.
    Coming,
    /// It failed for now; runs are skipped and say so.
    Unfit,
}

/// Why a plugin does not run now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plugin is {state}: {message}")]
pub struct Unavailable {
    state: &'static str,
    message: String,
}

// === impl Plugins ===

impl Plugins {
    /// No plugins yet. Changes of state go to the spool, where there is one.
    pub fn new(spool: Option<Spool>, clock: SharedClock) -> Self {
        Self { table: Arc::default(), serving: Arc::default(), changes: watch::Sender::new(0), spool, clock }
    }

    /// Changes with each change of state.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Where it stands, as far as planning goes.
    pub fn fitness(&self, digest: &Digest) -> Fitness {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        match table.get(digest).and_then(|entry| entry.health.state()) {
            Some(PluginState::Ready) => Fitness::Ready,
            Some(PluginState::Failed | PluginState::Quarantined) => Fitness::Unfit,
            Some(PluginState::Fetched | PluginState::Compiled) | None => Fitness::Coming,
        }
    }

    /// The plugin of a check, to run it now.
    ///
    /// # Errors
    /// It is not ready, failed, or in quarantine, for this check or for all.
    pub fn take(&self, check: &Assignment) -> Result<Plugin, Unavailable> {
        let now_boot_ms = self.clock.boot_ms();
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = table.get(&check.plugin) else {
            return Err(Unavailable { state: "not here", message: "it has just been assigned".to_owned() });
        };
        if let Some(traps) = entry.health.quarantine_of(check, now_boot_ms) {
            let message = format!("{traps} traps in a row in this check");
            return Err(Unavailable { state: word(PluginState::Quarantined), message });
        }
        match &entry.plugin {
            Some(plugin) if entry.health.may_run(now_boot_ms) => Ok(plugin.clone()),
            _ => Err(Unavailable {
                state: entry.health.state().map_or("not here", word),
                message: entry.health.message().unwrap_or("it is being made ready").to_owned(),
            }),
        }
    }

    /// Takes note of how a run of a check ended.
    pub fn ran(&self, check: &Assignment, result: &CheckResult) {
        let now_boot_ms = self.clock.boot_ms();
        self.change(&check.plugin, |entry| entry.health.ran(check, result, now_boot_ms));
    }

    /// It came a step further.
    pub(crate) fn advance(&self, digest: &Digest, state: PluginState, plugin: Option<Plugin>) {
        self.change(digest, |entry| {
            entry.health.advance(state);
            entry.plugin = plugin;
        });
    }

    /// It could not be made ready.
    pub(super) fn fail(&self, digest: &Digest, message: &str) {
        let now_boot_ms = self.clock.boot_ms();
        self.change(digest, |entry| {
            entry.health.fail(cut(message, TEXT_BYTES_MAX).to_owned(), now_boot_ms);
        });
    }

    /// Those of `wanted` that have to be made ready now; what is not there yet is entered.
    pub(crate) fn to_prepare(&self, wanted: &BTreeSet<Digest>) -> Vec<Digest> {
        let now_boot_ms = self.clock.boot_ms();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        for digest in wanted {
            table.entry(digest.clone()).or_insert_with(|| Entry { health: Health::default(), plugin: None });
        }
        wanted.iter().filter(|digest| table[*digest].health.is_to_prepare(now_boot_ms)).cloned().collect()
    }

    /// When the next failed one of `wanted` is tried again, on the boot-time clock. Nobody tries another one again.
    pub(super) fn prepares_again_boot_ms(&self, wanted: &BTreeSet<Digest>) -> Option<u64> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.iter().filter_map(|digest| table.get(digest)?.health.prepares_again_boot_ms()).min()
    }

    /// Takes note of the assignments that checks are run by: an older version serves until its successor is ready.
    pub(crate) fn serve(&self, adopted: &BTreeMap<CheckId, Arc<Assignment>>) {
        let serving = adopted.values().map(|assignment| assignment.plugin.clone()).collect();
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = serving;
        for entry in self.table.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            entry.health.retain(|check| adopted.contains_key(&check));
        }
    }

    /// Forgets what is neither in `kept` nor run by; gives what stays.
    pub(super) fn retain(&self, mut kept: BTreeSet<Digest>) -> BTreeSet<Digest> {
        kept.extend(self.serving.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        self.table.lock().unwrap_or_else(PoisonError::into_inner).retain(|digest, _| kept.contains(digest));
        kept
    }

    /// Changes an entry and tells it, unless it says the same as before: a failure that goes on is told once.
    fn change(&self, digest: &Digest, change: impl FnOnce(&mut Entry)) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = table.get_mut(digest) else { return };
        let told = |entry: &Entry| (entry.health.state(), entry.health.message().map(str::to_owned));
        let before = told(entry);
        change(entry);
        if told(entry) == before {
            return;
        }
        let Some(state) = entry.health.state() else { return };
        let message = entry.health.message().map(str::to_owned);
        drop(table);
        match &message {
            Some(why) => tracing::warn!(plugin = %digest, state = word(state), why, "a plugin's state changed"),
            None => tracing::info!(plugin = %digest, state = word(state), "a plugin's state changed"),
        }
        if let Some(spool) = &self.spool {
            let status = PluginStatus { digest: digest.clone(), state, message };
            spool.append(vec![Draft::of_plugin(self.clock.boot_ms(), Body::PluginStatus(status))]);
        }
        self.changes.send_modify(|changes| *changes += 1);
    }
}

fn word(state: PluginState) -> &'static str {
    match state {
        PluginState::Fetched => "fetched",
        PluginState::Compiled => "compiled",
        PluginState::Ready => "ready",
        PluginState::Failed => "failed",
        PluginState::Quarantined => "quarantined",
    }
}

#[cfg(test)]
mod tests {
    use process::clock::SystemClock;

    use super::*;
    use crate::testing::assignment;

    fn digests(components: &[&[u8]]) -> BTreeSet<Digest> {
        components.iter().map(|component| Digest::of(component)).collect()
    }

    #[test]
    fn only_what_is_wanted_is_waited_for() {
        let plugins = Plugins::new(None, SystemClock::shared());
        let (old, new) = (digests(&[b"old"]), digests(&[b"new"]));
        plugins.to_prepare(&old);
        plugins.fail(&Digest::of(b"old"), "no answer");
        assert!(plugins.prepares_again_boot_ms(&old).is_some());
        plugins.to_prepare(&new);
        assert_eq!(plugins.prepares_again_boot_ms(&new), None, "nobody would ever try the old one again");
    }

    #[test]
    fn what_serves_stays_and_nothing_else_while_a_successor_is_not_ready() {
        let plugins = Plugins::new(None, SystemClock::shared());
        plugins.to_prepare(&digests(&[b"serving", b"gone", b"broken"]));
        plugins.fail(&Digest::of(b"broken"), "no plugin");
        let serving = Arc::new(Assignment { plugin: Digest::of(b"serving"), ..assignment("a") });
        plugins.serve(&[(serving.check_id, serving)].into());
        assert_eq!(plugins.retain(digests(&[b"broken"])), digests(&[b"broken", b"serving"]));
        assert_eq!(plugins.fitness(&Digest::of(b"gone")), Fitness::Coming, "as if it had never been here");
        let gone = Assignment { plugin: Digest::of(b"gone"), ..assignment("a") };
        assert!(plugins.take(&gone).is_err_and(|error| error.state == "not here"));
        plugins.serve(&BTreeMap::new());
        assert_eq!(plugins.retain(digests(&[b"broken"])), digests(&[b"broken"]));
    }
}
