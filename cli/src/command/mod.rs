//! The commands, a file per noun: its flags, and what it does with them.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod freeze;
pub(crate) mod gate;
pub(crate) mod node;
pub(crate) mod release;
pub(crate) mod token;

use crate::args::{Args, Command, Connection};
use crate::exit::{Exit, Failure};
use crate::http::aggregator::Aggregator;
use crate::output::Format;
use crate::up;

/// What every command has.
pub(crate) struct Context {
    connection: Connection,
    output: Format,
}

impl Context {
    fn aggregator(&self) -> Result<Aggregator, Failure> {
        Aggregator::new(&self.connection)
    }
}

/// Runs the command that was asked for.
pub(crate) async fn run(args: Args) -> Result<Exit, Failure> {
    let Args { connection, output, command } = args;
    let context = Context { connection, output };
    match command {
        Command::Gate(command) => gate::run(command, &context).await,
        Command::Release(command) => release::run(command, &context).await,
        Command::Freeze(command) => freeze::run(command, &context).await,
        Command::Check(command) => check::run(command, &context).await,
        Command::Node(command) => node::run(command, &context).await,
        Command::Token(command) => token::run(command, &context).await,
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
