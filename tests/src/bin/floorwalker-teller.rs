//! Shell: the process that the suite `crash` kills in an agent's place.

use clap::Parser;
use harness::teller::{self, Args};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    teller::run(Args::parse()).await
}
