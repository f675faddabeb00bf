//! `freeze list`: the rules that match a tenant, and their next windows.

use api::http::freeze::Freeze;

use super::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::{Table, or_dash};
use crate::output::word;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List freeze rules with their next window
    #[command(after_help = "Example:\n  floorwalker freeze list --tenant acme")]
    List(List),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The tenant; the token's own unless given
    #[arg(long)]
    tenant: Option<String>,
}

pub(crate) async fn run(Command::List(List { tenant }): Command, context: &Context) -> Result<Exit, Failure> {
    let freezes = context.aggregator()?.freezes(tenant.as_deref()).await?;
    context.output.print_list(&freezes, table)?;
    Ok(Exit::Done)
}

fn table(freezes: &[Freeze]) -> Table {
    let mut table =
        Table::new(["RULE", "TIER", "EFFECT", "MODE", "NOW", "NEXT FROM", "TO", "OWNER"], "no freeze rule matches");
    for freeze in freezes {
        let window = freeze.windows.first();
        let now = if freeze.active { "inside" } else { "outside" };
        table.row([
            freeze.rule.clone(),
            freeze.tier.clone(),
            word(freeze.effect),
            word(freeze.mode),
            now.to_owned(),
            or_dash(window.map(|window| &window.from)),
            or_dash(window.map(|window| &window.to)),
            freeze.owner.clone(),
        ]);
    }
    table
}
