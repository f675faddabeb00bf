//! Shell: lets time pass for the roster: starts what is due, takes what ends, tells it to the spool and to the metrics.
//! It never waits for the aggregator, the disk or a guest.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use api::frame::Assignments;
use api::id::{CheckId, NodeName, TenantName};
use api::limits::ROLL_UP;
use api::result::{CheckResult, Reason};
use process::clock::SharedClock;
use process::supervise::{Jobs, Panicked};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::adopt::adopt;
use super::metrics::Metrics;
use super::plan::Now;
use super::roster::{Begun, Roster, Told};
use crate::exposition::Exposition;
use crate::plugin::table::Plugins;
use crate::run::{Ran, Runner};
use crate::spool::{Draft, Spool};

/// Longest sleep: a suspended machine or a stepped clock is noticed within it.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// What the driver needs.
pub struct Driver {
    /// This node.
    pub node: NodeName,
    /// Runs at a time.
    pub concurrency: usize,
    /// What to run.
    pub assignments: watch::Receiver<Arc<Assignments>>,
    /// Which plugins can run.
    pub plugins: Plugins,
    /// Does the runs.
    pub runner: Runner,
    /// Where results are shown.
    pub exposition: Exposition,
    /// Where they are kept until they are reported; none for a standalone agent.
    pub spool: Option<Spool>,
    /// Both clocks.
    pub clock: SharedClock,
    /// What is measured.
    pub metrics: Metrics,
}

// === impl Driver ===

impl Driver {
    /// Runs checks until `token` is cancelled, then lets those that run end.
    ///
    /// # Errors
    /// Never: whatever happens to a run is its result.
    pub async fn run(mut self, token: CancellationToken) -> Result<(), Infallible> {
        let mut roster = Roster::new(self.node.clone(), self.concurrency);
        let mut jobs = Jobs::new(self.concurrency);
        let mut plugins = self.plugins.changes();
        let mut roll_up = interval(ROLL_UP);
        roll_up.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.adopt(&mut roster);
        loop {
            self.begin(&mut roster, &mut jobs);
            tokio::select! {
                () = token.cancelled() => break,
                Some(ended) = jobs.join_next() => self.end(&mut roster, ended),
                Ok(()) = self.assignments.changed() => self.adopt(&mut roster),
                Ok(()) = plugins.changed() => self.adopt(&mut roster),
                _ = roll_up.tick() => self.tell(roster.roll_up(now(&self.clock))),
                () = tokio::time::sleep(until_next(&roster, &self.clock)) => {}
            }
        }
        tracing::info!(running = jobs.len(), "no further checks are started");
        while let Some(ended) = jobs.join_next().await {
            self.end(&mut roster, ended);
        }
        self.tell(roster.roll_up(now(&self.clock)));
        Ok(())
    }

    fn adopt(&mut self, roster: &mut Roster) {
        let offered = self.assignments.borrow_and_update().clone();
        let adopted = adopt(&roster.adopted(), &offered, |digest| self.plugins.fitness(digest));
        self.plugins.serve(&adopted);
        self.tell(roster.adopt(adopted, now(&self.clock)));
        self.exposition.adopt(|check| roster.standing(check));
    }

    fn begin(&self, roster: &mut Roster, jobs: &mut Jobs<Ran>) {
        let at = now(&self.clock);
        self.metrics.missed(roster.tick(at));
        while let Some(Begun { job, lag }) = roster.begin(at) {
            self.metrics.began(lag);
            let name = job.assignment.check_id.to_string();
            jobs.spawn(name, self.runner.clone().run(job)).expect("the roster has as many places as the group");
        }
        for tenant in roster.newly_over_budget(at) {
            self.metrics.over_budget();
            let tenant = tenant.as_ref().map_or("the platform", TenantName::as_str);
            tracing::warn!(
                tenant,
                "has used its share of this node's CPU: its runs wait, and ticks they miss are counted"
            );
        }
    }

    fn end(&self, roster: &mut Roster, ended: Result<Ran, Panicked>) {
        match ended {
            Ok(ran) => {
                let Told { drafts, opened } = roster.end(&ran, now(&self.clock));
                // A check that was taken away while it ran would be shown for ever.
                if let Some(standing) = roster.standing(ran.assignment.check_id) {
                    self.exposition.ran(&ran, standing);
                }
                if let Some(opened) = opened {
                    self.exposition.opened(&opened);
                }
                let CheckResult { status, reason, summary, .. } = &ran.result;
                let reason = reason.map(Reason::as_str);
                tracing::debug!(check = %ran.assignment.name, status = status.as_str(), reason, summary, "ran");
                self.tell(drafts);
            }
            Err(error) => {
                tracing::error!(%error, "the agent broke a run; this is a bug");
                if let Ok(id) = error.job.parse() {
                    roster.release(CheckId(id), Duration::ZERO, now(&self.clock));
                }
            }
        }
    }

    fn tell(&self, drafts: Vec<Draft>) {
        if let Some(spool) = &self.spool {
            spool.append(drafts);
        }
    }
}

fn now(clock: &SharedClock) -> Now {
    Now { boot_ms: clock.boot_ms(), wall_ms: clock.wall_ms() }
}

fn until_next(roster: &Roster, clock: &SharedClock) -> Duration {
    let at = now(clock);
    let left_ms = roster.next_ms(at).map(|next_ms| next_ms.saturating_sub(at.boot_ms));
    left_ms.map_or(SLEEP_MAX, Duration::from_millis).min(SLEEP_MAX)
}
