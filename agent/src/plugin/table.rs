//! The plugins of this node, as everyone sees them: filled by `plugin`'s task, asked by `schedule` and `run`. Each
//! change of state is told to the aggregator. A bad plugin is an entry like any other; it stops nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use api::frame::{Body, PluginState, PluginStatus};
use api::id::Digest;
use api::limits::{TEXT_BYTES_MAX, cut};
use api::result::CheckResult;
use host::Plugin;
use process::clock::SharedClock;
use tokio::sync::watch;

use super::state::Health;
use crate::schedule::adopt::Fitness;
use crate::spool::{Draft, Spool};

/// Shared by all stages. Cheap to clone.
#[derive(Clone)]
pub struct Plugins {
    table: Arc<Mutex<BTreeMap<Digest, Entry>>>,
    changes: watch::Sender<u64>,
    spool: Option<Spool>,
    clock: SharedClock,
}

struct Entry {
    health: Health,
    plugin: Option<Plugin>,
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
        Self { table: Arc::default(), changes: watch::Sender::new(0), spool, clock }
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

    /// The plugin, to run it now.
    ///
    /// # Errors
    /// It is not ready, failed, or in quarantine.
    pub fn take(&self, digest: &Digest) -> Result<Plugin, Unavailable> {
        let now_boot_ms = self.clock.boot_ms();
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = table.get(digest) else {
            return Err(Unavailable { state: "not here", message: "it has just been assigned".to_owned() });
        };
        match &entry.plugin {
            Some(plugin) if entry.health.may_run(now_boot_ms) => Ok(plugin.clone()),
            _ => Err(Unavailable {
                state: entry.health.state().map_or("not here", word),
                message: entry.health.message().unwrap_or("it is being made ready").to_owned(),
            }),
        }
    }

    /// Takes note of how a run of it ended.
    pub fn ran(&self, digest: &Digest, result: &CheckResult) {
        let now_boot_ms = self.clock.boot_ms();
        self.change(digest, |entry| entry.health.ran(result.status, result.reason, now_boot_ms));
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

    /// When the next failed one is tried again, on the boot-time clock.
    pub(super) fn prepares_again_boot_ms(&self) -> Option<u64> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.values().filter_map(|entry| entry.health.prepares_again_boot_ms()).min()
    }

    /// Forgets all but `kept`, once all of `wanted` are ready: until then an older version may still serve. Says whether.
    pub(super) fn retain(&self, wanted: &BTreeSet<Digest>, kept: &BTreeSet<Digest>) -> bool {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ready = |digest: &Digest| table.get(digest).is_some_and(|entry| entry.plugin.is_some());
        let all_ready = wanted.iter().all(is_ready);
        if all_ready {
            table.retain(|digest, _| kept.contains(digest));
        }
        all_ready
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
