//! Shell: what people and programs read on standard output: a table, or the JSON of the API's own documents. Called by
//! every command.

pub(crate) mod answer;
pub(crate) mod table;

use std::io::Write as _;

use serde::Serialize;

use crate::failure::Failure;
use table::Table;

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs: the documents of the API
    Json,
}

impl Format {
    /// Prints a document: as itself, or as the text made of it.
    pub(crate) fn print<D: Serialize>(self, document: &D, text: impl FnOnce(&D) -> String) -> Result<(), Failure> {
        let text = match self {
            Self::Table => text(document),
            Self::Json => {
                serde_json::to_string_pretty(document)
                    .map_err(|error| Failure::here("the answer is no JSON", &error))?
                    + "\n"
            }
        };
        write(&text)
    }

    /// Prints a list.
    pub(crate) fn print_list<D: Serialize>(
        self,
        items: &[D],
        table: impl FnOnce(&[D]) -> Table,
    ) -> Result<(), Failure> {
        self.print(&items, |items| table(items).to_string())
    }
}

/// The word a document uses for one of its values.
pub(crate) fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Prints text as it is. A reader who went away (`| head`) is no error.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::here("standard output is closed", &error))
        }
        _ => Ok(()),
    }
}

/// Says something to a person while the answer is not there yet.
pub(crate) fn say(text: &str) {
    // A closed stderr changes nothing about the answer.
    let _ = writeln!(std::io::stderr(), "{text}");
}
