//! `steps`: named parts of a run. Reads the contract's words; `trail::steps` keeps and times them.

use crate::bindings::wit::steps;
use crate::outcome::StepStatus;
use crate::state::RunState;

impl steps::Host for RunState {
    fn open(&mut self, name: String) -> wasmtime::Result<u32> {
        self.budget.begin("steps.open")?;
        let handle = self.steps.open(&name, self.clock.elapsed());
        self.budget.end();
        Ok(handle)
    }

    fn close(&mut self, step: u32, status: String, message: Option<String>) -> wasmtime::Result<()> {
        self.budget.begin("steps.close")?;
        let status = match status.as_str() {
            "pass" => StepStatus::Pass,
            "warn" => StepStatus::Warn,
            "skipped" => StepStatus::Skipped,
            // A word outside the contract must not make a broken step look whole.
            _ => StepStatus::Fail,
        };
        self.steps.close(step, status, message.as_deref(), self.clock.elapsed());
        self.budget.end();
        Ok(())
    }
}
