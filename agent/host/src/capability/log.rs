//! `log`: lines for the author of the plugin, bounded; what is over is counted.

use crate::bindings::wit::log;
use crate::state::RunState;

impl log::Host for RunState {
    fn emit(&mut self, level: String, message: String) -> wasmtime::Result<()> {
        self.budget.begin("log.emit")?;
        self.lines.push(&level, &message);
        self.budget.end();
        Ok(())
    }
}
