//! Shell: keeps the plan current. The placement task calls [`Placement::renew`] each second, and when a nudge or a
//! new catalogue comes; long polls follow the published plan. A plan is published only after its placements are
//! stored, so that no agent reports for a placement that ingest does not know.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::catalogue::Catalogue;
use tokio::sync::{Mutex, Notify, watch};

use super::plan::{Plan, SecretVersions, moves, place};
use crate::authn::AgentKey;
use crate::authz::PlatformScope;
use crate::placement::agents::{Agents, Seen};
use crate::store::placement::{Placed, PlacementRead as _};
use crate::store::{Store, StoreError};

/// The plan and whoever waits for it.
#[derive(Debug)]
pub struct Placement {
    store: Store,
    agents: Arc<Agents>,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    plan: watch::Sender<Arc<Plan>>,
    last: Mutex<Last>,
    nudge: Notify,
}

/// What the last renewal came from, and what of it is stored.
#[derive(Debug, Default)]
struct Last {
    version: String,
    agents: Vec<(AgentKey, bool)>,
    placed: BTreeSet<Placed>,
}

impl Placement {
    /// The plan as it was stored; without checks until the first catalogue comes.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn restore(
        store: Store,
        agents: Arc<Agents>,
        catalogue: watch::Receiver<Arc<Catalogue>>,
    ) -> Result<Self, StoreError> {
        let placed = store.read(|view| view.placements(&PlatformScope::system("placement"))).await?;
        let mut before = Plan::default();
        for Placed { check, agent, .. } in &placed {
            before.nodes.entry(*check).or_default().insert(agent.clone());
        }
        let (plan, _) = watch::channel(Arc::new(before));
        let last = Mutex::new(Last { placed: placed.into_iter().collect(), ..Last::default() });
        Ok(Self { store, agents, catalogue, plan, last, nudge: Notify::new() })
    }

    /// The plan of now; none before the first catalogue is placed.
    pub fn current(&self) -> Option<Arc<Plan>> {
        let plan = Arc::clone(&self.plan.borrow());
        is_loaded(&plan.catalogue).then_some(plan)
    }

    /// The plan, and its changes. The first one is of an empty catalogue without a version.
    pub fn plan(&self) -> watch::Receiver<Arc<Plan>> {
        self.plan.subscribe()
    }

    /// Asks for a renewal soon: an agent came.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Waits for a nudge or for a catalogue that `catalogue` has not seen.
    pub async fn due(&self, catalogue: &mut watch::Receiver<Arc<Catalogue>>) {
        tokio::select! {
            () = self.nudge.notified() => {}
            Ok(()) = catalogue.changed() => {}
        }
    }

    /// The catalogue, and its changes.
    pub fn catalogue(&self) -> watch::Receiver<Arc<Catalogue>> {
        self.catalogue.clone()
    }

    /// Makes the plan of now, stores what moved, and publishes it when anything changed. `secrets` tells the versions
    /// of the checks' secrets.
    ///
    /// # Errors
    /// The store failed; the published plan is the one before.
    pub async fn renew<F>(&self, seen: &[Seen], wall_ms: i64, secrets: F) -> Result<(), StoreError>
    where
        F: AsyncFnOnce(&Catalogue) -> SecretVersions,
    {
        let mut last = self.last.lock().await;
        let catalogue = Arc::clone(&self.catalogue.borrow());
        if !is_loaded(&catalogue) {
            // Before the first catalogue nothing is known to be unwanted: agents keep what they have.
            return Ok(());
        }
        let before = Arc::clone(&self.plan.borrow());
        let agents: Vec<_> = seen.iter().map(|seen| (seen.key.clone(), seen.live)).collect();
        let secrets = secrets(&catalogue).await;
        // Most seconds nothing changes; a fleet's placing is more work than a look.
        let same = last.version == catalogue.version && last.agents == agents;
        let nodes = if same { before.nodes.clone() } else { place(&catalogue, seen, &before.nodes) };
        let version = catalogue.version.clone();
        let plan = Plan { catalogue, nodes, secrets };
        if !same {
            let placed = plan.placed();
            let (opened, closed) = moves(&last.placed, &placed);
            if !opened.is_empty() || !closed.is_empty() {
                self.store.batch(move |tx| tx.placements_move(&opened, &closed, wall_ms)).await?;
            }
            *last = Last { version, agents, placed };
        }
        self.plan.send_if_modified(|published| {
            let changed = !published.is_as(&plan);
            if changed {
                *published = Arc::new(plan);
            }
            changed
        });
        Ok(())
    }

    /// The agents that are placed on.
    pub fn agents(&self) -> &Agents {
        &self.agents
    }
}

/// The empty catalogue that a start begins with has no version; one of an empty folder has.
fn is_loaded(catalogue: &Catalogue) -> bool {
    !catalogue.version.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::{agent, catalogue, seen};
    use super::*;
    use crate::store::Config;

    /// A placement over a store in `folder`, before its first catalogue.
    async fn start(folder: &std::path::Path) -> (Placement, watch::Sender<Arc<Catalogue>>) {
        let (store, threads) = Store::open(&Config { folder: folder.to_owned() }).expect("a store");
        threads.run_for_test();
        let (sender, receiver) = watch::channel(Arc::new(Catalogue::default()));
        (Placement::restore(store, Arc::default(), receiver).await.expect("restored"), sender)
    }

    async fn renew(placement: &Placement, agents: &[Seen]) -> Option<usize> {
        placement.renew(agents, 1, async |_| SecretVersions::new()).await.expect("renewed");
        placement.current().map(|plan| plan.checks_on(&agent("n1")).count())
    }

    #[tokio::test]
    async fn before_the_first_catalogue_nothing_is_unwanted() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, catalogues) = start(folder.path()).await;
        let agents = [seen("n1", true), seen("n2", true)];
        assert_eq!(renew(&first, &agents).await, None);
        catalogues.send_replace(catalogue(&["acme-prod/a: layer: business"]));
        assert_eq!(renew(&first, &agents).await, Some(1));
        drop(first);
        let (second, catalogues) = start(folder.path()).await;
        assert_eq!(renew(&second, &agents).await, None);
        let stored = second.store.read(|view| view.placements(&PlatformScope::for_test())).await.expect("read");
        assert_eq!(stored.len(), 2, "what the last run placed stays placed");
        catalogues.send_replace(catalogue(&[]));
        assert_eq!(renew(&second, &agents).await, Some(0));
        let stored = second.store.read(|view| view.placements(&PlatformScope::for_test())).await.expect("read");
        assert_eq!(stored.len(), 0);
    }

    #[tokio::test]
    async fn only_a_change_is_published() {
        let folder = tempfile::tempdir().expect("a folder");
        let (placement, catalogues) = start(folder.path()).await;
        catalogues.send_replace(catalogue(&["acme-prod/a: placement: {mode: Once}"]));
        let mut plan = placement.plan();
        renew(&placement, &[seen("n1", true)]).await;
        assert!(plan.has_changed().expect("open"));
        plan.mark_unchanged();
        renew(&placement, &[seen("n1", true)]).await;
        assert!(!plan.has_changed().expect("open"));
        assert_eq!(renew(&placement, &[seen("n1", false), seen("n2", true)]).await, Some(0), "moved");
        assert!(plan.has_changed().expect("open"));
    }
}
