//! Lines for the author of the plugin, bounded; what is over is counted.

use api::limits::{LOG_LINES_MAX, TEXT_BYTES_MAX, cut};

use crate::outcome::{LogLevel, LogLine};

/// The lines of a run.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) kept: Vec<LogLine>,
    pub(crate) dropped: u64,
}

impl Lines {
    pub(crate) fn push(&mut self, level: &str, message: &str) {
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
