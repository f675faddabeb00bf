//! `config`: the check's configuration, as its manifest has it.

use crate::bindings::wit::config;
use crate::state::RunState;

impl config::Host for RunState {
    fn json(&mut self) -> wasmtime::Result<String> {
        self.budget.begin("config.json")?;
        self.budget.end();
        Ok(self.call.config_json.clone())
    }
}
