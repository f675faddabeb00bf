//! Agents in memory: when each was heard, by this process's boot-time clock, so that a wall step moves no check.
//! `http` tells it of each request; `tasks` asks who is live for each plan and writes it back to the store; `http/nodes`
//! shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::limits::AGENT_SILENT;

use crate::authn::AgentKey;
use crate::store::agent::StoredAgent;

/// A silent agent stays intended for its node's checks, so that a broken node does not open the gate; after a day it
/// is taken for a node that is gone.
pub const FORGOTTEN: Duration = Duration::from_secs(24 * 3_600);

/// Every agent that is not forgotten.
#[derive(Debug, Default)]
pub struct Agents {
    heard: Mutex<BTreeMap<AgentKey, Heard>>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    wall_ms: i64,
    boot: Duration,
    stored: bool,
}

/// An agent as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub key: AgentKey,
    /// Whether it was heard within 45 s.
    pub live: bool,
    /// When it was heard, in milliseconds since 1970 UTC.
    pub heard_at_ms: i64,
}

/// What hearing an agent changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was live already.
    Known,
    /// It is new, or was silent: checks have to be placed.
    New,
}

impl Agents {
    /// The agents of the store. All count as heard at `boot`, the start of this process: it was we who were away.
    pub fn restore(stored: Vec<StoredAgent>, boot: Duration) -> Self {
        let heard =
            stored.into_iter().map(|agent| (agent.key, Heard { wall_ms: agent.heard_at_ms, boot, stored: true }));
        Self { heard: Mutex::new(heard.collect()) }
    }

    /// Notes that an agent spoke.
    pub fn hear(&self, key: &AgentKey, wall_ms: i64, boot: Duration) -> Arrival {
        let before = self.lock().insert(key.clone(), Heard { wall_ms, boot, stored: false });
        match before {
            Some(before) if is_live(before.boot, boot) => Arrival::Known,
            _ => Arrival::New,
        }
    }

    /// All of them, as they are at `boot`.
    pub fn seen(&self, boot: Duration) -> Vec<Seen> {
        let seen = |(key, heard): (&AgentKey, &Heard)| Seen {
            key: key.clone(),
            live: is_live(heard.boot, boot),
            heard_at_ms: heard.wall_ms,
        };
        self.lock().iter().map(seen).collect()
    }

    /// What the store does not know yet; it counts as stored from now on.
    pub fn take_unstored(&self) -> Vec<StoredAgent> {
        let mut heard = self.lock();
        let unstored = heard.iter_mut().filter(|(_, heard)| !heard.stored);
        unstored
            .map(|(key, heard)| {
                heard.stored = true;
                StoredAgent { key: key.clone(), heard_at_ms: heard.wall_ms }
            })
            .collect()
    }

    /// Forgets those silent for a day.
    pub fn forget(&self, boot: Duration) {
        self.lock().retain(|_, heard| boot.saturating_sub(heard.boot) < FORGOTTEN);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AgentKey, Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_live(heard: Duration, now: Duration) -> bool {
    now.saturating_sub(heard) < AGENT_SILENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(node: &str) -> AgentKey {
        AgentKey { cluster: "up".parse().expect("a label"), node: node.parse().expect("a node") }
    }

    #[test]
    fn an_agent_is_silent_after_45_seconds_and_gone_after_a_day() {
        let agents = Agents::default();
        let s = Duration::from_secs;
        assert_eq!(agents.hear(&key("a"), 0, s(100)), Arrival::New);
        assert_eq!(agents.hear(&key("a"), 0, s(144)), Arrival::Known);
        assert!(agents.seen(s(188))[0].live);
        assert!(!agents.seen(s(189))[0].live);
        assert_eq!(agents.hear(&key("a"), 0, s(200)), Arrival::New, "back from silence");
        agents.forget(s(200) + FORGOTTEN);
        assert!(agents.seen(s(200)).is_empty());
    }

    #[test]
    fn after_a_restart_all_are_live_and_nothing_is_to_be_stored() {
        let stored = vec![StoredAgent { key: key("a"), heard_at_ms: -1 }];
        let agents = Agents::restore(stored, Duration::from_secs(7));
        assert!(agents.seen(Duration::from_secs(8))[0].live);
        assert!(agents.take_unstored().is_empty());
        agents.hear(&key("a"), 5, Duration::from_secs(9));
        assert_eq!(agents.take_unstored(), [StoredAgent { key: key("a"), heard_at_ms: 5 }]);
        assert!(agents.take_unstored().is_empty());
    }
}
