//! Shell: `up`: an aggregator and two agents on this machine, seeded with two tenants whose checks watch a shop and a
//! registry. For trying and for tests; the programs are those that run in a cluster. It starts neither shop nor registry.

mod child;
mod lock;
mod plan;
mod seed;
mod start;
mod state;
pub(crate) mod tied;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{say, write};
use plan::Plan;

/// How often the children are looked at while they run.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  floorwalker up --shop http://127.0.0.1:8069 --registry http://127.0.0.1:5000 \\\n      --plugins target/wasm32-wasip2/plugin\n\n\
    Begins afresh each time. Addresses and tokens are written to state.json in the folder; Ctrl-C ends all of it."
)]
pub(crate) struct Args {
    /// Folder for everything it keeps; what an earlier `up` left there is removed
    #[arg(long, value_name = "DIR", default_value = "target/up")]
    dir: PathBuf,
    /// Folder of the built plugins: http_probe.wasm, odoo_order.wasm, image_digest.wasm, node_baseline.wasm
    #[arg(long, value_name = "DIR", default_value = "target/wasm32-wasip2/plugin")]
    plugins: PathBuf,
    /// Address of the shop that the checks watch
    #[arg(long, value_name = "URL")]
    shop: Url,
    /// Address of the registry that the checks watch
    #[arg(long, value_name = "URL")]
    registry: Url,
    /// Port of the aggregator; 0 takes a free one
    #[arg(long, default_value_t = 7443)]
    port: u16,
}

pub(crate) async fn run(Args { dir, plugins, shop, registry, port }: Args) -> Result<Exit, Failure> {
    let plan =
        Plan::new(&std::path::absolute(&dir).map_err(|error| Failure::here("the folder has no path", &error))?, port);
    let _lock = lock::Lock::take(&plan)?;
    let targets = seed::Targets { shop, registry };
    let mut stop = Stop::install()?;
    let mut family = child::Family::default();
    let started = tokio::select! {
        started = start::all(&plan, &plugins, &targets, &mut family) => started,
        () = stop.asked() => {
            family.end().await;
            return Ok(Exit::Done);
        }
    };
    let ended = match started {
        Ok(state) => {
            announce(&plan, &state)?;
            tokio::select! {
                failure = watch(&mut family) => Err(failure),
                () = stop.asked() => Ok(Exit::Done),
            }
        }
        Err(failure) => Err(failure),
    };
    family.end().await;
    ended
}

/// A line for programs on standard output, the rest for people.
fn announce(plan: &Plan, state: &state::State) -> Result<(), Failure> {
    say(&format!("up: {} with {} nodes; Ctrl-C ends it", state.aggregator.url, state.agents.len()));
    write(&format!("{}\n", serde_json::json!({ "state": plan.state_file() })))?;
    let mut out = std::io::stdout();
    out.flush().map_err(|error| Failure::here("standard output is closed", &error))
}

/// Ends when a child does: none of them ends by itself.
async fn watch(family: &mut child::Family) -> Failure {
    loop {
        if let Some(failure) = family.ended() {
            return failure;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The signals that end it.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn install() -> Result<Self, Failure> {
        let take = |kind| signal(kind).map_err(|error| Failure::here("signals cannot be taken", &error));
        Ok(Self { interrupt: take(SignalKind::interrupt())?, terminate: take(SignalKind::terminate())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
