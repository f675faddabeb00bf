//! Shell: asks the aggregator what to run, by long poll, and publishes each change. What came last is kept on disk, so
//! a start without the aggregator runs it. Values of secrets are fetched before a change is published.

use std::sync::Arc;
use std::time::Duration;

use api::frame::Assignments;
use api::limits::POLL_WAIT;
use process::clock::SharedClock;
use process::ready::Latch;
use process::supervise::chain;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::keep::Kept;
use crate::disk::{self, DiskError};
use crate::http::aggregator::{Aggregator, CallError};
use crate::report::backoff::Backoff;
use crate::run::backend::secrets::Vault;

/// Between two changes: a burst of them is taken as a few.
const REST: Duration = Duration::from_millis(100);

/// What the poll needs.
#[derive(Clone)]
pub struct Poll {
    /// Whom to ask.
    pub aggregator: Aggregator,
    /// Where to keep the answer.
    pub kept: Kept,
    /// Where values of secrets go.
    pub vault: Vault,
    /// Who runs by it.
    pub assignments: watch::Sender<Arc<Assignments>>,
    /// How long a poll hung.
    pub clock: SharedClock,
}

// === impl Poll ===

impl Poll {
    /// Publishes what the disk has kept; whether there was anything.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn begin(&self) -> Result<bool, DiskError> {
        let Some(last) = self.kept.read()? else { return Ok(false) };
        tracing::info!(etag = last.etag, checks = last.checks.len(), "the last assignments are on the disk");
        self.assignments.send_replace(Arc::new(last));
        Ok(true)
    }

    /// Polls until `token` is cancelled; `ready` is released with the first answer.
    ///
    /// # Errors
    /// The system has no random source.
    pub async fn run(self, ready: Option<Latch>, token: CancellationToken) -> Result<(), DiskError> {
        let mut backoff = Backoff::default();
        let mut ready = ready;
        // Only what this process has published counts as known: kept ones are asked for again after a start.
        let mut etag = None;
        loop {
            let began = self.clock.boot();
            let asked = tokio::select! {
                () = token.cancelled() => return Ok(()),
                asked = self.ask(etag.as_deref()) => asked,
            };
            let wait = match asked {
                // A poll that hangs is one that works; an aggregator that drains answers at once.
                Ok(None) if self.clock.boot().saturating_sub(began) >= POLL_WAIT / 2 => {
                    backoff.succeeded();
                    Duration::ZERO
                }
                Ok(None) => backoff.failed(u64::from_be_bytes(disk::random()?), None),
                Ok(Some(assignments)) => {
                    backoff.succeeded();
                    etag = Some(assignments.etag.clone());
                    self.publish(assignments);
                    ready.take();
                    REST
                }
                Err(error) => {
                    let wait = backoff.failed(u64::from_be_bytes(disk::random()?), error.retry_after());
                    tracing::warn!(error = %chain(&error), wait_ms = wait.as_millis(), "assignments cannot be asked for");
                    wait
                }
            };
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn ask(&self, etag: Option<&str>) -> Result<Option<Assignments>, CallError> {
        let present = self.assignments.borrow().clone();
        if etag.is_some() {
            self.fill_vault(&present).await;
        }
        let Some(assignments) = self.aggregator.assignments(etag).await? else { return Ok(None) };
        self.fill_vault(&assignments).await;
        Ok(Some(assignments))
    }

    /// Asks for values that are not here. Without them their checks are skipped and say so; no other check and no change
    /// of assignments waits for them.
    async fn fill_vault(&self, assignments: &Assignments) {
        if self.vault.holds(assignments) {
            return;
        }
        match self.aggregator.secrets().await {
            Ok(secrets) => self.vault.replace(secrets),
            Err(error) => tracing::warn!(error = %chain(&error), "values of secrets cannot be asked for"),
        }
    }

    fn publish(&self, assignments: Assignments) {
        tracing::info!(etag = assignments.etag, checks = assignments.checks.len(), "assignments came");
        if **self.assignments.borrow() == assignments {
            return;
        }
        if let Err(error) = self.kept.write(&assignments) {
            tracing::error!(error = %chain(&error), "assignments cannot be kept, a start without the aggregator would run older ones");
        }
        self.assignments.send_replace(Arc::new(assignments));
    }
}

#[cfg(test)]
mod tests {
    use api::frame::SecretRef;
    use process::clock::SystemClock;
    use process::http::client::Client;
    use process::tls::{self, ClientFiles};

    use super::*;
    use crate::testing::assignment;

    #[tokio::test]
    async fn values_that_cannot_be_had_keep_nothing_waiting() {
        let folder = tempfile::tempdir().expect("a folder");
        // Nobody listens on a port that was just given back.
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let address = format!("https://127.0.0.1:{port}").parse().expect("an address");
        let tls = tls::client(ClientFiles { roots: None, identity: None }).expect("public authorities");
        let poll = Poll {
            aggregator: Aggregator::new(Client::new(tls), &address),
            kept: Kept::at(folder.path().join("assignments")),
            vault: Vault::default(),
            assignments: watch::Sender::new(Arc::default()),
            clock: SystemClock::shared(),
        };
        let mut check = assignment("checkout");
        check.secrets = vec![SecretRef { name: "api-key".into(), version: Some("1".into()) }];
        let assignments = Assignments { etag: "v1".into(), checks: vec![check], plugins: vec![] };
        poll.fill_vault(&assignments).await;
        assert!(!poll.vault.holds(&assignments), "the next poll asks again");
        poll.publish(assignments);
        assert_eq!(poll.assignments.borrow().checks.len(), 1);
    }
}
