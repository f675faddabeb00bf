//! The commands, a file per noun: its flags, and what it does with them.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod freeze;
pub(crate) mod gate;
pub(crate) mod node;
pub(crate) mod release;
pub(crate) mod token;

use crate::args::{Args, Command, Connection, Online};
use crate::exit::{Exit, Failure};
use crate::http::aggregator::Aggregator;
use crate::output::Format;
use crate::up;

/// What every command has that asks the aggregator.
pub(crate) struct Context {
    connection: Connection,
    output: Format,
}

impl Context {
    /// What a noun's flags say, and the command that they are for.
    fn of<C: clap::Subcommand>(online: Online<C>) -> (C, Self) {
        let Online { printing, connection, command } = online;
        (command, Self { connection, output: printing.output })
    }

    fn aggregator(&self) -> Result<Aggregator, Failure> {
        Aggregator::new(&self.connection)
    }
}

/// Runs the command that was asked for.
pub(crate) async fn run(Args { command }: Args) -> Result<Exit, Failure> {
    match command {
        Command::Gate(online) => {
            let (command, context) = Context::of(online);
            gate::run(command, &context).await
        }
        Command::Release(online) => {
            let (command, context) = Context::of(online);
            release::run(command, &context).await
        }
        Command::Freeze(online) => {
            let (command, context) = Context::of(online);
            freeze::run(command, &context).await
        }
        Command::Node(online) => {
            let (command, context) = Context::of(online);
            node::run(command, &context).await
        }
        Command::Token(online) => {
            let (command, context) = Context::of(online);
            token::run(command, &context).await
        }
        Command::Check(command) => check::run(command).await,
        Command::Up(args) => up::run(args).await,
        Command::Tied(args) => Err(up::tied::run(args)),
        Command::Completions(args) => completions::run(&args),
    }
}

/// The word a document uses for one of its values.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Reads a word of a document from a flag.
fn from_word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}
