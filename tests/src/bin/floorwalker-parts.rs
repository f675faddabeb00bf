//! Shell: the process that `cargo xtask up` starts first: shop and registry, their addresses as one JSON line on
//! stdout, until its stdin closes or it is told to end.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
    thread,
};

use clap::Parser;
use harness::{parts, stand::TENANTS};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// Starts the shop stand-in and a registry for `floorwalker up` to watch.
#[derive(Debug, Parser)]
struct Args {
    /// Folder for the registry's storage and logs.
    #[arg(long)]
    dir: PathBuf,
    /// A tenant; it gets a database of the shop and an image. Repeat for several.
    #[arg(long = "tenant", value_name = "NAME", default_values = TENANTS)]
    tenants: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Args { dir, tenants } = Args::parse();
    let mut terminate = signal(SignalKind::terminate())?;
    let parts = parts::start(&tenants, &dir).await?;
    let addresses = serde_json::json!({"shop": {"url": parts.shop.url}, "registry": {"url": parts.registry.url}});
    writeln!(io::stdout(), "{addresses}")?;
    let closed = stdin_closed();
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
        // Whoever started it holds the other end; when that one dies without a word, so does this.
        _ = closed => {}
    }
    Ok(())
}

/// Ends with stdin. A thread of its own: reading stdin cannot be cancelled, and it must not hold up the end.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = sender.send(());
    });
    receiver
}
