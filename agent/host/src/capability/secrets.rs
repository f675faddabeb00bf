//! `secrets`: the names of the check's secrets. Values go to `http` alone, never to a guest.

use crate::bindings::wit::secrets;
use crate::state::RunState;

impl secrets::Host for RunState {
    fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        self.budget.begin("secrets.names")?;
        self.budget.end();
        Ok(self.call.secrets.keys().cloned().collect())
    }
}
