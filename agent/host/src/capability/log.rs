//! `log`: lines for the author of the plugin, bounded; what is over is counted.

use api::limits::{LOG_LINES_MAX, TEXT_BYTES_MAX, cut};

use crate::bindings::wit::log;
use crate::outcome::{LogLevel, LogLine};
use crate::state::RunState;

/// The lines of a run.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) kept: Vec<LogLine>,
    pub(crate) dropped: u64,
}

impl Lines {
    fn push(&mut self, level: &str, message: &str) {
        if self.kept.len() == LOG_LINES_MAX {
            self.dropped += 1;
            return;
        }
        let level = match level {
            "debug" => LogLevel::Debug,
            "warn" => LogLevel::Warn,
            "error" => LogLevel::Error,
            _ => LogLevel::Info,
        };
        self.kept.push(LogLine { level, message: cut(message, TEXT_BYTES_MAX).to_owned() });
    }
}

impl log::Host for RunState {
    fn emit(&mut self, level: String, message: String) -> wasmtime::Result<()> {
        self.budget.begin("log.emit")?;
        self.lines.push(&level, &message);
        self.budget.end();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_over_the_limit_are_counted() {
        let mut lines = Lines::default();
        for _ in 0..LOG_LINES_MAX + 3 {
            lines.push("warn", &"x".repeat(2 * TEXT_BYTES_MAX));
        }
        assert_eq!((lines.kept.len(), lines.dropped), (LOG_LINES_MAX, 3));
        assert_eq!(lines.kept[0].message.len(), TEXT_BYTES_MAX);
        assert_eq!(lines.kept[0].level, LogLevel::Warn);
    }
}
