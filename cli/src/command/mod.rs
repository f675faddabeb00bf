//! The commands, a file per noun: its flags, and what it does with them. This file puts them together.

mod check;
mod completions;
mod context;
mod freeze;
mod gate;
mod node;
mod release;
mod token;

use clap::{CommandFactory as _, Parser, Subcommand};
use context::Context;

use crate::args::Online;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::up;

const EXAMPLES: &str = "\
Examples:
  floorwalker gate check --tenant acme --environment prod --service shop --release REL --wait
  floorwalker gate explain --tenant acme --environment prod --service shop --at 2026-11-27T12:00:00Z
  floorwalker check validate manifests/
  floorwalker up --shop http://127.0.0.1:8069 --registry http://127.0.0.1:5000

Exit codes:
  0  allowed, done, valid
  1  denied, refused, failing
  2  wrong usage: a flag, a name or a form that does not exist
  3  wait: the deadline passed, or nobody asked to wait
  4  the gate cannot be reached, or cannot tell
  5  the token is not accepted, or may not see or do this";

/// Columns of a help, also on a wider screen.
const WIDTH: usize = 100;

/// May this release go to this tenant and environment now, and if not, why and until when?
#[derive(Debug, Parser)]
#[command(name = "floorwalker", version, after_help = EXAMPLES, max_term_width = WIDTH)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask whether a release may go
    Gate(Online<gate::Command>),
    /// Create, start and finish releases
    Release(Online<release::Command>),
    /// See when releases are closed
    Freeze(Online<freeze::Command>),
    /// Validate, run and list checks
    #[command(subcommand)]
    Check(check::Command),
    /// See the nodes
    Node(Online<node::Command>),
    /// Make, list and revoke tokens
    Token(Online<token::Command>),
    /// Start an aggregator and two agents on this machine, seeded with two tenants
    Up(up::Args),
    /// Become a program that ends with the process that started it
    #[command(hide = true)]
    Tied(up::tied::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
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
        Command::Completions(args) => completions::run(&args, &mut Args::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_asks_nobody_takes_no_address() {
        for offline in
            ["check validate .", "check run -f x", "completions bash", "up --shop http://a --registry http://b"]
        {
            let parse = |flag: &str| Args::try_parse_from(format!("floorwalker {offline} {flag}").split_whitespace());
            assert!(parse("").is_ok(), "{offline}");
            for flag in ["--url https://a", "--token t", "--ca f"] {
                assert!(parse(flag).is_err(), "{offline} {flag}");
            }
        }
        for online in ["node list", "check list", "freeze list", "gate explain --tenant a --environment e --service s"]
        {
            let words = format!("floorwalker {online} --url https://a --token t --ca f --output json");
            assert!(Args::try_parse_from(words.split_whitespace()).is_ok(), "{online}");
        }
        for silent in ["completions bash", "up --shop http://a --registry http://b"] {
            let words = format!("floorwalker {silent} --output json");
            assert!(Args::try_parse_from(words.split_whitespace()).is_err(), "{silent}");
        }
    }

    #[test]
    fn a_deadline_needs_patience() {
        let gate = "floorwalker gate check --tenant a --environment e --service s";
        let parse = |flags: &str| Args::try_parse_from(format!("{gate} {flags}").split_whitespace());
        assert!(parse("").is_ok() && parse("--wait").is_ok() && parse("--wait --deadline 3s").is_ok());
        assert!(parse("--deadline 3s").is_err());
        assert!(parse("--wait --deadline 3s --no-wait").is_ok(), "what a wrapper asked for is taken back");
    }

    #[test]
    fn every_command_explains_itself() {
        fn visit(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some() || path.trim() == "floorwalker", "{path} has no help");
            // Examples are there to be copied: wrapped by the width of the help they would be cut.
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let cut = examples.lines().find(|line| line.starts_with("  ") && line.chars().count() > WIDTH);
            assert_eq!(cut, None, "{path}: end the line with a backslash");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
            }
            command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(|sub| visit(sub, &path));
        }
        visit(&Args::command(), "");
    }
}
