//! The figures, a line each: what, how much, how many times something real it is, and the bar it is held to.

use std::io::Write;

/// All lines, in the order they were measured.
#[derive(Default)]
pub(crate) struct Table(Vec<Line>);

struct Line {
    what: String,
    value: f64,
    unit: &'static str,
    against: (f64, &'static str),
    bar: Option<String>,
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
        self.0.push(Line { what: what.into(), value, unit, against, bar: None });
    }

    /// The last figure has a bar, in words such as `at most 25 µs`.
    pub(crate) fn bar(&mut self, bar: &str) {
        if let Some(line) = self.0.last_mut() {
            line.bar = Some(bar.to_owned());
        }
    }

    /// A Markdown table, which is aligned for a terminal too.
    pub(crate) fn print(&self, mut to: impl Write) {
        let cells: Vec<[String; 5]> = self.rows();
        let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3, 4].map(width);
        for (at, row) in cells.iter().enumerate() {
            let padded = row.iter().zip(widths).map(|(cell, width)| format!(" {cell:width$} |")).collect::<String>();
            // A closed pipe has nobody to tell.
            let _ = writeln!(to, "|{padded}");
            if at == 0 {
                let _ = writeln!(to, "|{}", widths.map(|width| format!("{}|", "-".repeat(width + 2))).concat());
            }
        }
    }

    fn rows(&self) -> Vec<[String; 5]> {
        let head = ["what", "figure", "times", "something real", "bar"].map(str::to_owned);
        let row = |Line { what, value, unit, against: (other, name), bar }: &Line| {
            let real = format!("{name}: {} {unit}", rounded(*other));
            let times = format!("{:.2}", value / other);
            [what.clone(), format!("{} {unit}", rounded(*value)), times, real, bar.clone().unwrap_or_default()]
        };
        std::iter::once(head).chain(self.0.iter().map(row)).collect()
    }
}

/// Three digits are more than a noisy machine gives.
fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_names_what_it_is_against_and_a_bar_what_is_asked() {
        let mut table = Table::default();
        table.compare("sandbox", 80.0, "µs", (40.0, "native"));
        table.bar("at most 2.2 x");
        table.compare("endless loop", 5.0, "ms", (10.0, "a tick"));
        let mut printed = vec![];
        table.print(&mut printed);
        let text = String::from_utf8(printed).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "| sandbox      | 80.0 µs | 2.00  | native: 40.0 µs | at most 2.2 x |");
        assert_eq!(lines[3], "| endless loop | 5.00 ms | 0.50  | a tick: 10.0 ms |               |");
    }
}
