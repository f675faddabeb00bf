//! Asks a plugin to describe itself, with nothing granted and nothing behind its imports. Called by the compiler.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::grant::Effective;
use api::limits::RunLimits;
use futures_util::future::BoxFuture;

use crate::backend::{
    BackendError, Backends, LedgerBackend, LedgerEntry, LedgerMark, NodeBackend, Owner, StateBackend,
};
use crate::call::Call;
use crate::net::resolve::SystemResolver;
use crate::net::{Dialer, DialerConfig};
use crate::outcome::End;
use crate::plugin::Plugin;
use crate::run;

/// The plugin's answer, JSON of the guest's making. It runs under `RunLimits::CEILING`: a Python guest imports its
/// whole library first.
///
/// # Errors
/// How it ended instead.
pub async fn describe(plugin: &Plugin) -> Result<String, End> {
    let config = DialerConfig { extra_roots: Vec::new(), resolver: Arc::new(SystemResolver) };
    let dialer = Dialer::new(config).map_err(|error| End::NotStarted { message: error.to_string() })?;
    let nothing = Arc::new(Nothing);
    let backends = Backends {
        state: Arc::clone(&nothing) as Arc<dyn StateBackend>,
        node: Arc::clone(&nothing) as Arc<dyn NodeBackend>,
        ledger: nothing,
        dialer: Arc::new(dialer),
    };
    let call = Call {
        owner: Owner { tenant: String::new(), check: String::new() },
        run_id: String::new(),
        scheduled_at_ms: 0,
        config_json: "{}".to_owned(),
        secrets: BTreeMap::new(),
        grants: Effective::default(),
        limits: RunLimits { requests: 0, ..RunLimits::CEILING },
        trace_parent: None,
        may_begin: None,
    };
    run::describe(plugin, call, &backends).await
}

/// Answers every capability call with a refusal.
struct Nothing;

fn refused<T: Send + 'static>() -> BoxFuture<'static, Result<T, BackendError>> {
    Box::pin(async { Err(BackendError::Failed("`describe` may ask nothing of the host".to_owned())) })
}

impl StateBackend for Nothing {
    fn load<'a>(&'a self, _: &'a Owner, _: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, BackendError>> {
        refused()
    }
    fn save<'a>(&'a self, _: &'a Owner, _: &'a str, _: Vec<u8>) -> BoxFuture<'a, Result<(), BackendError>> {
        refused()
    }
    fn remove<'a>(&'a self, _: &'a Owner, _: &'a str) -> BoxFuture<'a, Result<(), BackendError>> {
        refused()
    }
}

impl NodeBackend for Nothing {
    fn facts(&self) -> BoxFuture<'_, Result<String, BackendError>> {
        refused()
    }
    fn read_file<'a>(&'a self, _: &'a str, _: u32) -> BoxFuture<'a, Result<Vec<u8>, BackendError>> {
        refused()
    }
    fn sha256_file<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String, BackendError>> {
        refused()
    }
}

impl LedgerBackend for Nothing {
    fn mark<'a>(
        &'a self,
        _: &'a Owner,
        _: &'a str,
        _: LedgerMark,
        _: LedgerEntry,
    ) -> BoxFuture<'a, Result<(), BackendError>> {
        refused()
    }
}
