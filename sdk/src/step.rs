//! Named parts of a run. The host times them, so a run that is killed half-way still says where it died.
//! Used by plugins. A guard that is dropped without a word closes its step as failed: `?` cannot hide one.

use crate::check::Stop;
use crate::host::steps;
use crate::verdict::Status;

/// An open step.
#[must_use = "a step that is dropped at once is a failed step"]
#[derive(Debug)]
pub struct Step {
    handle: Option<u32>,
}

/// Opens a step inside the one that is open.
pub fn open(name: &str) -> Step {
    Step { handle: Some(steps::open(name)) }
}

/// Runs a part as a step: it passes or fails with the part, and a failure says the step's name first.
///
/// # Errors
/// What the part returned.
pub fn run<T>(name: &str, part: impl FnOnce() -> Result<T, Stop>) -> Result<T, Stop> {
    let step = open(name);
    match part() {
        Ok(value) => {
            step.pass();
            Ok(value)
        }
        Err(stop) => {
            step.fail(stop.message());
            Err(stop.at(name))
        }
    }
}

impl Step {
    /// Closes it as passed.
    pub fn pass(self) {
        self.close(Status::Pass.as_str(), None);
    }

    /// Closes it as passed, and a person should look.
    pub fn warn(self, message: &str) {
        self.close(Status::Warn.as_str(), Some(message));
    }

    /// Closes it as failed.
    pub fn fail(self, message: &str) {
        self.close(Status::Fail.as_str(), Some(message));
    }

    /// Closes it as not tried.
    pub fn skip(self, message: &str) {
        self.close("skipped", Some(message));
    }

    fn close(mut self, status: &str, message: Option<&str>) {
        if let Some(handle) = self.handle.take() {
            steps::close(handle, status, message);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            steps::close(handle, Status::Fail.as_str(), Some("not finished"));
        }
    }
}
