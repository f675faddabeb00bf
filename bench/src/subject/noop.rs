//! Shell: a whole check that does nothing (store, instance, call, drop), beside a native process that does nothing,
//! which is how a check runs without a sandbox.

use std::process::Command;

use anyhow::{Context as _, bail};
use api::grant::Effective;
use host::{End, run};

use super::runtime;
use crate::cpu;
use crate::stage::{Stage, call};
use crate::table::Table;

const CALLS: u32 = 5_000;
const PROCESSES: u32 = 300;

pub(crate) fn measure(stage: &Stage, table: &mut Table) -> anyhow::Result<()> {
    let plugin = stage.load(&stage.artefact("quiet")?)?;
    let check = || run(&plugin, call("{}", Effective::default()), &stage.backends);
    let runtime = runtime()?;
    let outcome = runtime.block_on(check());
    let End::Verdict(_) = outcome.end else { bail!("the quiet guest ended with {:?}", outcome.end) };
    let sandboxed = runtime.block_on(cpu::per_call_us(CALLS, check));
    let process = cpu::of_children_us(PROCESSES, || {
        Command::new("/bin/true").status().map(drop).context("/bin/true does not start")
    })?;
    table.compare("no-op check, CPU", sandboxed, "µs", (process, "a native process"));
    table.bar("at most 25 µs");
    Ok(())
}
