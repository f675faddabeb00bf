//! Opening and closing of steps at the host. Used by `step`, whose guards see to it that each is closed once.

use crate::bindings::check::floorwalker::check::steps as import;

/// Opens a step; returns its handle.
pub(crate) fn open(name: &str) -> u32 {
    host_call!(import::open(name), |doubles| doubles.steps.open(name))
}

/// Closes a step.
pub(crate) fn close(step: u32, status: &str, message: Option<&str>) {
    host_call!(import::close(step, status, message), |doubles| doubles.steps.close(step, status, message));
}

/// A step that the harness saw.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// `pass, warn, fail, skipped`; `open` while nobody closed it.
    pub status: String,
    /// What was said at its close.
    pub message: Option<String>,
}

/// Keeps the steps in the order opened.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Default)]
pub(crate) struct Double {
    pub(crate) steps: Vec<Recorded>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Double {
    fn open(&mut self, name: &str) -> u32 {
        let step = Recorded { name: name.to_owned(), status: "open".to_owned(), message: None };
        self.steps.push(step);
        u32::try_from(self.steps.len() - 1).expect("a run has few steps")
    }

    fn close(&mut self, handle: u32, status: &str, message: Option<&str>) {
        let step = &mut self.steps[handle as usize];
        step.status = status.to_owned();
        step.message = message.map(str::to_owned);
    }
}
