//! Lines for the author of the plugin: 64 of 1 KiB a run, counted beyond. They are no part of the verdict.

use crate::bindings::check::floorwalker::check::log as import;

/// For the author only.
pub fn debug(message: &str) {
    emit("debug", message);
}

/// Good to know.
pub fn info(message: &str) {
    emit("info", message);
}

/// Worth a look.
pub fn warn(message: &str) {
    emit("warn", message);
}

/// Trouble.
pub fn error(message: &str) {
    emit("error", message);
}

fn emit(level: &str, message: &str) {
    host_call!(import::emit(level, message), |doubles| doubles.log.lines.push(format!("{level}: {message}")));
}

/// Keeps the lines.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Default)]
pub(crate) struct Double {
    pub(crate) lines: Vec<String>,
}
