//! Shell: the `floorwalker-shop` process: says its address as one JSON line on stdout and serves until it is told to end.

mod args;

use std::io::{self, Write};

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = args::Args::parse().config();
    let mut terminate = signal(SignalKind::terminate())?;
    let running = shop::start(config).await.context("cannot listen")?;
    writeln!(io::stdout(), "{}", serde_json::json!({"url": running.url}))?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
