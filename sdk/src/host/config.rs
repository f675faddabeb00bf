//! The check's `config`. Read by `export`, which hands it to the plugin typed; plugins never parse it.

/// The JSON of the check's `config`.
pub(crate) fn json() -> String {
    host_call!(crate::bindings::check::floorwalker::check::config::json(), |doubles| doubles.config.json.clone())
}

/// What the harness was given.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Default)]
pub(crate) struct Double {
    pub(crate) json: String,
}
