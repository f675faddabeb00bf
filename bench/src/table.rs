//! The figures, a line each: what, how much, and how many times something real it is.

use std::io::Write;

/// All lines, in the order they were measured.
#[derive(Default)]
pub(crate) struct Table(Vec<Line>);

struct Line {
    what: String,
    value: f64,
    unit: &'static str,
    against: (f64, &'static str),
}

impl Table {
    /// A figure beside something real in the same unit.
    pub(crate) fn compare(
        &mut self,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        against: (f64, &'static str),
    ) {
        self.0.push(Line { what: what.into(), value, unit, against });
    }

    /// One aligned line per figure.
    pub(crate) fn print(&self, mut to: impl Write) {
        for line in self.lines() {
            // A closed pipe has nobody to tell.
            let _ = writeln!(to, "{line}");
        }
    }

    fn lines(&self) -> Vec<String> {
        let width = self.0.iter().map(|line| line.what.chars().count()).max().unwrap_or(0);
        let text = |Line { what, value, unit, against: (other, name) }: &Line| {
            format!("{what:width$}  {value:>10.2} {unit}  {:>6.2} x {name} ({other:.2} {unit})", value / other)
        };
        self.0.iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_names_what_it_is_against() {
        let mut table = Table::default();
        table.compare("sandbox", 80.0, "µs", (40.0, "native"));
        table.compare("endless loop", 5.0, "ms", (10.0, "a tick"));
        let lines = table.lines();
        assert!(lines[0].ends_with("2.00 x native (40.00 µs)"), "{}", lines[0]);
        assert!(lines[1].starts_with("endless loop        5.00 ms    0.50 x a tick"), "{}", lines[1]);
    }
}
