//! Shell: keeps the plan current. The placement task calls [`Placement::renew`] each second, and when a nudge or a
//! new catalogue comes; long polls follow the published plan. A plan is published only after its placements are
//! stored, so that no agent reports for a placement that ingest does not know.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::catalogue::Catalogue;
use tokio::sync::{Mutex, Notify, watch};

use super::plan::{Plan, SecretVersions, moves, place};
use crate::authz::PlatformScope;
use crate::fleet::agents::{Agents, Seen};
use crate::store::placement::{Placed, PlacementRead as _};
use crate::store::{Store, StoreError};

/// The plan and whoever waits for it.
#[derive(Debug)]
pub struct Placement {
    store: Store,
    agents: Arc<Agents>,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    plan: watch::Sender<Arc<Plan>>,
    stored: Mutex<BTreeSet<Placed>>,
    nudge: Notify,
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
        let stored = Mutex::new(placed.into_iter().collect());
        Ok(Self { store, agents, catalogue, plan, stored, nudge: Notify::new() })
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
        let mut stored = self.stored.lock().await;
        let catalogue = Arc::clone(&self.catalogue.borrow());
        if catalogue.version.is_empty() {
            // Nothing was read yet: what was stored stays, or a restart would move every check away and back.
            return Ok(());
        }
        let before = Arc::clone(&self.plan.borrow());
        let nodes = place(&catalogue, seen, &before.nodes);
        let secrets = secrets(&catalogue).await;
        let plan = Plan { catalogue, nodes, secrets };
        let placed = plan.placed();
        let (opened, closed) = moves(&stored, &placed);
        if !opened.is_empty() || !closed.is_empty() {
            self.store.batch(move |tx| tx.placements_move(&opened, &closed, wall_ms)).await?;
            *stored = placed;
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
