//! `check list`: the checks a token may see, and how they stand.

use api::http::check::{Check, CheckState};

use crate::args::{Connection, Printing};
use crate::command::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::{Table, or_dash};
use crate::output::word;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant; the token's own unless given
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(Args { tenant, printing, connection }: Args) -> Result<Exit, Failure> {
    let context = Context::new(connection, printing);
    let checks = context.aggregator()?.checks(tenant.as_deref()).await?;
    context.output.print_list(&checks, table)?;
    Ok(Exit::Done)
}

fn table(checks: &[Check]) -> Table {
    let headings = ["CHECK", "PLUGIN", "STATE", "NODES", "SEEN", "SAYS"];
    let mut table = Table::new(headings, "no check is there, or none that this token may see");
    for check in checks {
        let name = match &check.namespace {
            Some(namespace) => format!("{namespace}/{}", check.name),
            None => check.name.clone(),
        };
        // The node that is worst off speaks for the check: its reason is what somebody has to look at.
        let worst = check.nodes.iter().find(|node| node.state == check.state).or(check.nodes.first());
        let passing = check.nodes.iter().filter(|node| node.state == CheckState::Passing).count();
        table.row([
            name,
            check.plugin.clone(),
            word(check.state),
            format!("{passing}/{}", check.nodes.len()),
            or_dash(worst.and_then(|node| node.observed_at.as_ref())),
            or_dash(worst.and_then(|node| node.summary.as_ref())),
        ]);
    }
    table
}
