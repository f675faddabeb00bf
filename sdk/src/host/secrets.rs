//! Secrets by name. A guest never sees a value: it names the secret in a request (`http::Part`) and the host writes
//! it. Used by plugins to say early that one is missing.

use crate::bindings::check::floorwalker::check::secrets as import;

/// Names this check may use, and that have a value now.
pub fn names() -> Vec<String> {
    host_call!(import::names(), |doubles| doubles.secrets.values.keys().cloned().collect())
}

/// Values by name.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Default)]
pub(crate) struct Double {
    pub(crate) values: std::collections::BTreeMap<String, String>,
}
