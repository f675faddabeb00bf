//! Shell: `floorwalker-compile`, the only program with Cranelift: a component on standard input; a line of JSON and the
//! artefact on standard output. Started by agent and aggregator, once per component. It limits itself before the
//! first byte, since what it reads is a stranger's; whom it belongs to and where it is kept is not its concern.

use std::io::Write as _;
use std::process::ExitCode;

mod answer;
mod args;
mod compile;
mod input;
mod limit;

fn main() -> ExitCode {
    match args::read() {
        args::Asked::Compile => {}
        args::Asked::Told(text) => return told(&text),
        args::Asked::Mistaken(why) => return complain(&why),
    }
    let compiled = limit::apply().and_then(|warnings| {
        let component = input::read(std::io::stdin().lock())?;
        compile::compile(&component, warnings)
    });
    match compiled.and_then(|answer| answer.write(std::io::stdout().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{error:#}")),
    }
}

fn told(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// One line, whatever is in it: the parent passes it on to the plugin's author.
fn complain(why: &str) -> ExitCode {
    let line: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // There is nobody else to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::FAILURE
}
