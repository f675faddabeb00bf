//! The doubles of all capabilities, installed for one run on one thread. Written by `harness`, asked by the wrappers
//! on native targets only. It does no I/O: a test sees exactly what it scripted.

use std::cell::RefCell;

use super::{config, http, ledger, log, node, secrets, state, steps};

thread_local! {
    static INSTALLED: RefCell<Option<Doubles>> = const { RefCell::new(None) };
}

/// One double per interface.
#[derive(Default)]
pub(crate) struct Doubles {
    pub(crate) log: log::Double,
    pub(crate) config: config::Double,
    pub(crate) steps: steps::Double,
    pub(crate) state: state::Double,
    pub(crate) secrets: secrets::Double,
    pub(crate) http: http::Double,
    pub(crate) node: node::Double,
    pub(crate) ledger: ledger::Double,
}

/// Calls `run` with the doubles answering its host calls, and gives both back.
pub(crate) fn during<T>(doubles: Doubles, run: impl FnOnce() -> T) -> (Doubles, T) {
    let before = INSTALLED.replace(Some(doubles));
    assert!(before.is_none(), "a harness runs inside another harness");
    let value = run();
    (INSTALLED.take().expect("only `during` takes them away"), value)
}

/// One host call.
pub(super) fn with<T>(call: impl FnOnce(&mut Doubles) -> T) -> T {
    INSTALLED.with_borrow_mut(|installed| {
        call(installed.as_mut().expect("native host calls need floorwalker_sdk::harness::Harness"))
    })
}
