//! Shell: the size of each binary, optimised and without symbols, beside that of an exporter people already run.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use harness::binary;

use crate::stage::Stage;
use crate::table::Table;

const PROGRAMS: [&str; 4] = ["floorwalker-agent", "floorwalker-compile", "floorwalker-aggregator", "floorwalker"];
const EXPORTER: &str = "prometheus-blackbox-exporter";

pub(crate) fn measure(_: &Stage, table: &mut Table) -> anyhow::Result<()> {
    let Some(exporter) = binary::on_path(EXPORTER) else {
        eprintln!("sizes: not measured, {EXPORTER} is not installed: apt-get install {EXPORTER}");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let exporter = stripped_mib(&exporter, folder.path())?;
    for program in PROGRAMS {
        let size = stripped_mib(&binary::find(program)?, folder.path())?;
        table.compare(format!("size of {program}, stripped"), size, "MiB", (exporter, "blackbox_exporter"));
    }
    Ok(())
}

fn stripped_mib(program: &Path, folder: &Path) -> anyhow::Result<f64> {
    let stripped = folder.join("stripped");
    let status = Command::new("strip").arg("-o").arg(&stripped).arg(program).status();
    ensure!(
        status.context("`strip` comes with the C compiler's binutils")?.success(),
        "{} cannot be stripped",
        program.display()
    );
    Ok(std::fs::metadata(&stripped)?.len() as f64 / f64::from(1 << 20))
}
