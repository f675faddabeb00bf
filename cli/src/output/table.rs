//! Columns of text. Pure; the widths are those of the longest cells.

use std::fmt;

/// A table with a line of headings.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    empty: &'static str,
}

impl Table {
    /// A table; `empty` is printed instead when no row follows.
    pub(crate) fn new<const N: usize>(headings: [&str; N], empty: &'static str) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()], empty }
    }

    /// One more row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }
}

/// The text of an optional cell.
pub(crate) fn or_dash(text: Option<impl fmt::Display>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.len() == 1 {
            return writeln!(f, "{}", self.empty);
        }
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<_> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_is_said_to_be_nothing() {
        let mut table = Table::new(["A", "LONG"], "nothing here");
        assert_eq!(table.to_string(), "nothing here\n");
        table.row(["größer".to_owned(), "x".to_owned()]);
        assert_eq!(table.to_string(), "A       LONG\ngrößer  x\n");
    }
}
