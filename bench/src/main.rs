//! Shell: benchmarks as ratios, each against something real in the same run on the same machine. `cargo xtask bench`
//! builds and starts it. It asserts nothing: a number is for a person, or for a later run to compare.

use std::process::ExitCode;

mod args;
mod cpu;
mod process;
mod stage;
mod subject;
mod table;

fn main() -> ExitCode {
    match run() {
        Ok(table) => {
            table.print(std::io::stdout().lock());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<table::Table> {
    let args::Args { subjects, bin_dir } = args::read()?;
    let stage = stage::Stage::new(&bin_dir)?;
    let mut table = table::Table::default();
    for subject in subject::ALL.iter().filter(|subject| subjects.is_empty() || subjects.contains(&subject.name.into()))
    {
        (subject.measure)(&stage, &mut table)?;
    }
    Ok(table)
}
