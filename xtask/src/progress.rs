//! What cargo says while it builds, as plain lines: how far, how long, what now.
//!
//! Cargo draws a bar and knows the total; a log or a newcomer wants lines. Pure: time is handed in.

use std::time::Duration;

/// A line each two seconds shows that it lives, and a long build stays readable.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Lines of cargo that only say what the bar says.
const NOISE: [&str; 12] = [
    "Compiling",
    "Checking",
    "Fresh",
    "Finished",
    "Downloaded",
    "Downloading",
    "Updating",
    "Locking",
    "Adding",
    "Running",
    "Executable",
    "Building",
];

/// One cargo invocation under way.
#[derive(Debug)]
pub(crate) struct Progress {
    name: &'static str,
    last_line: Option<Duration>,
    done: usize,
    total: usize,
}

/// One reading of cargo's bar.
#[derive(Debug, PartialEq, Eq)]
struct Bar<'a> {
    done: usize,
    total: usize,
    now: &'a str,
}

// === impl Progress ===

impl Progress {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, last_line: None, done: 0, total: 0 }
    }

    /// What to print for one piece of cargo's output, `elapsed` after the start.
    pub(crate) fn piece(&mut self, piece: &str, elapsed: Duration) -> Option<String> {
        let text = piece.trim();
        if let Some(bar) = bar(text) {
            (self.done, self.total) = (bar.done, bar.total);
            return self.line(elapsed, bar.now);
        }
        if text.starts_with("Downloading") || text.starts_with("Updating") {
            return self.line(elapsed, text);
        }
        let first = text.split_whitespace().next()?;
        (!NOISE.contains(&first)).then(|| piece.trim_end().to_owned())
    }

    /// The line after the last piece.
    pub(crate) fn end(&self, elapsed: Duration) -> String {
        format!("{:<24} built in {}", self.name, clock(elapsed))
    }

    fn line(&mut self, elapsed: Duration, now: &str) -> Option<String> {
        if self.last_line.is_some_and(|last| elapsed < last + LINE_EVERY) {
            return None;
        }
        self.last_line = Some(elapsed);
        Some(format!("{:<24} {:>4}/{:<4} {:>6}  {now}", self.name, self.done, self.total, clock(elapsed)))
    }
}

/// Reads `Building [===>   ] 12/345: serde, tokio`.
fn bar(text: &str) -> Option<Bar<'_>> {
    let (_, rest) = text.strip_prefix("Building [")?.split_once("] ")?;
    let (count, now) = rest.split_once(": ").unwrap_or((rest, ""));
    let (done, total) = count.trim_end_matches(':').split_once('/')?;
    Some(Bar { done: done.parse().ok()?, total: total.parse().ok()?, now: now.trim() })
}

fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{:02}s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: &str = "    Building [=======================> ] 157/163: nix, x509-parser            ";

    #[test]
    fn the_bar_is_read() {
        assert_eq!(bar(BAR.trim()), Some(Bar { done: 157, total: 163, now: "nix, x509-parser" }));
        assert_eq!(bar("Building [=> ] 3/9"), Some(Bar { done: 3, total: 9, now: "" }));
        assert_eq!(bar("Compiling serde v1.0.0"), None);
    }

    #[test]
    fn lines_come_no_more_often_than_they_should() {
        let mut progress = Progress::new("binaries");
        let at = Duration::from_millis;
        let line = progress.piece(BAR, at(61_000)).expect("the first one");
        assert_eq!(line, "binaries                  157/163   1m01s  nix, x509-parser");
        assert_eq!(progress.piece(BAR, at(61_500)), None);
        assert!(progress.piece(BAR, at(63_000)).is_some());
    }

    #[test]
    fn warnings_pass_and_noise_does_not() {
        let mut progress = Progress::new("binaries");
        let warning = "warning: unused variable: `x`";
        assert_eq!(progress.piece(warning, Duration::ZERO), Some(warning.to_owned()));
        assert_eq!(progress.piece("   Compiling serde v1.0.0", Duration::ZERO), None);
        assert_eq!(progress.piece("", Duration::ZERO), None);
    }
}
