//! What every command has that asks the aggregator: whom it asks, and how it prints.

use crate::args::{Connection, Online, Printing};
use crate::failure::Failure;
use crate::http::aggregator::Aggregator;
use crate::output::Format;

/// The aggregator a command asks, and how it prints the answer.
pub(crate) struct Context {
    connection: Connection,
    /// How the answer is printed.
    pub(super) output: Format,
}

impl Context {
    /// What a noun's flags say, and the command that they are for.
    pub(super) fn of<C: clap::Subcommand>(online: Online<C>) -> (C, Self) {
        let Online { printing, connection, command } = online;
        (command, Self::new(connection, printing))
    }

    /// For a command that stands among others that ask nobody.
    pub(super) fn new(connection: Connection, printing: Printing) -> Self {
        Self { connection, output: printing.output }
    }

    pub(super) fn aggregator(&self) -> Result<Aggregator, Failure> {
        Aggregator::new(&self.connection)
    }
}
