//! Shell: loading a cached artefact (copy, authenticate, map, link), beside reading the same bytes.

use crate::cpu;
use crate::stage::Stage;
use crate::table::Table;

const CALLS: u32 = 50;

pub(crate) fn measure(stage: &Stage, table: &mut Table) -> anyhow::Result<()> {
    let artefact = stage.artefact("quiet")?;
    let load = cpu::wall_us(CALLS, || stage.load(&artefact).map(drop))?;
    let read = cpu::wall_us(CALLS, || {
        std::hint::black_box(std::fs::read(&artefact.file)?);
        Ok(())
    })?;
    table.compare("load a cached plugin, wall", load, "µs", (read, "reading its file"));
    Ok(())
}
