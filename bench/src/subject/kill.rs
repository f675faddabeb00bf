//! An endless loop: how much CPU it got beyond its budget before it was stopped; one tick is the promise.

use anyhow::bail;
use api::grant::Effective;
use api::limits::RunLimits;
use host::{End, TICK, run};

use super::runtime;
use crate::stage::{Stage, call};
use crate::table::Table;

const KILLS: usize = 20;

pub(crate) fn measure(stage: &Stage, table: &mut Table) -> anyhow::Result<()> {
    let plugin = stage.load(&stage.artefact("endless_loop")?)?;
    let runtime = runtime()?;
    let mut worst = 0.0_f64;
    for _ in 0..KILLS {
        let mut call = call("{}", Effective::default());
        call.limits = RunLimits { cpu_ms: 50, ..RunLimits::DEFAULT };
        match runtime.block_on(run(&plugin, call, &stage.backends)).end {
            End::CpuExceeded { used, limit } => worst = worst.max((used - limit).as_secs_f64() * 1e3),
            end => bail!("the endless loop ended with {end:?}"),
        }
    }
    table.compare("endless loop past its budget, worst", worst, "ms", (TICK.as_secs_f64() * 1e3, "a tick"));
    Ok(())
}
