//! `node list`: the nodes that have, or had, an agent.

use api::http::node::Node;

use super::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::table::Table;
use crate::output::word;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the nodes that your checks run on
    #[command(after_help = "Example:\n  floorwalker node list")]
    List,
}

pub(crate) async fn run(Command::List: Command, context: &Context) -> Result<Exit, Failure> {
    let nodes = context.aggregator()?.nodes().await?;
    context.output.print_list(&nodes, table)?;
    Ok(Exit::Done)
}

fn table(nodes: &[Node]) -> Table {
    let mut table = Table::new(["CLUSTER", "NODE", "STATE", "HEARD", "CHECKS", "PLUGINS"], "no node has an agent");
    for node in nodes {
        let plugins: Vec<_> =
            node.plugins.iter().map(|plugin| format!("{} {}", plugin.name, word(plugin.state))).collect();
        table.row([
            node.cluster.clone(),
            node.node.clone(),
            word(node.state),
            node.heard_at.clone(),
            node.checks.to_string(),
            plugins.join(", "),
        ]);
    }
    table
}
