//! `ledger`: what a journey makes at its target, written down before it is made. Bounds here, durability in the
//! backend. What is left of a dead run is read by `agent`, which hands it to `run::clean_up`.

use api::limits::{KEY_BYTES_MAX, LEDGER_ENTRIES_MAX};

use super::of_backend;
use crate::backend::{LedgerEntry, LedgerMark};
use crate::bindings::wit::ledger;
use crate::bindings::wit::types::HostError;
use crate::limit::LEDGER_MARKS_MAX;
use crate::outcome::HostReason;
use crate::state::{RunState, host_error};

impl ledger::Host for RunState {
    async fn intent(&mut self, entry: ledger::Entry) -> wasmtime::Result<Result<(), HostError>> {
        self.budget.begin("ledger.intent")?;
        self.intents += 1;
        if self.intents > LEDGER_ENTRIES_MAX {
            self.budget.end();
            let message = format!("a run makes at most {LEDGER_ENTRIES_MAX} objects");
            return Ok(Err(host_error(HostReason::QuotaExceeded, message)));
        }
        self.mark(LedgerMark::Intent, entry).await
    }

    async fn created(&mut self, entry: ledger::Entry) -> wasmtime::Result<Result<(), HostError>> {
        self.budget.begin("ledger.created")?;
        self.mark(LedgerMark::Created, entry).await
    }

    async fn cleaned(&mut self, entry: ledger::Entry) -> wasmtime::Result<Result<(), HostError>> {
        self.budget.begin("ledger.cleaned")?;
        self.mark(LedgerMark::Cleaned, entry).await
    }
}

impl RunState {
    async fn mark(&mut self, mark: LedgerMark, entry: ledger::Entry) -> wasmtime::Result<Result<(), HostError>> {
        self.marks += 1;
        let answer = match admit(&entry) {
            Err(error) => Err(error),
            Ok(()) if self.marks > LEDGER_MARKS_MAX => {
                let message = format!("a run marks its ledger at most {LEDGER_MARKS_MAX} times");
                Err(host_error(HostReason::QuotaExceeded, message))
            }
            Ok(()) => {
                let entry = LedgerEntry { kind: entry.kind, key: entry.key, id: entry.id };
                let backend = &self.backends.ledger;
                backend.mark(&self.call.owner, &self.call.run_id, mark, entry).await.map_err(of_backend)
            }
        };
        self.budget.end();
        Ok(answer)
    }
}

fn admit(entry: &ledger::Entry) -> Result<(), HostError> {
    let parts = [Some(&entry.kind), Some(&entry.key), entry.id.as_ref()];
    if parts.into_iter().flatten().all(|part| !part.is_empty() && part.len() <= KEY_BYTES_MAX) {
        return Ok(());
    }
    Err(host_error(HostReason::Other, format!("kind, key and id have 1 to {KEY_BYTES_MAX} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_bounded() {
        let entry = |key: &str| ledger::Entry { kind: "sale.order".to_owned(), key: key.to_owned(), id: None };
        assert!(admit(&entry("run-1")).is_ok());
        assert!(admit(&entry("")).is_err());
        assert!(admit(&entry(&"k".repeat(KEY_BYTES_MAX + 1))).is_err());
    }
}
