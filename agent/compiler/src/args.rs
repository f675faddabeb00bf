//! Shell: the flags, of which there are two. Everything else comes on standard input.

const HELP: &str = "\
floorwalker-compile: compiles and describes one Floorwalker plugin

usage: floorwalker-compile < plugin.wasm > answer

Reads a WebAssembly component (at most 32 MiB) built for the world `check` or `journey` of floorwalker:check. Writes one
line of JSON (describe, artefact_bytes, engine, kind, imports, warnings) and then that many bytes of native code for
this machine. Agents and the aggregator start it; by hand it tells an author whether a component is a plugin:

  floorwalker-compile < plugin.wasm > answer && head -n 1 answer

It limits itself before it reads: 1 GiB of memory, 60 s of CPU, no files, no network, no other programs.
Exit code 1 and one line on standard error mean that the component was refused, and why.

  -h, --help       this text
  -V, --version    the version
";

/// What the caller wants.
pub(crate) enum Asked {
    Compile,
    Told(String),
    Mistaken(String),
}

pub(crate) fn read() -> Asked {
    let mut flags = std::env::args().skip(1);
    match (flags.next().as_deref(), flags.next()) {
        (None, _) => Asked::Compile,
        (Some("-h" | "--help"), None) => Asked::Told(HELP.to_owned()),
        (Some("-V" | "--version"), None) => Asked::Told(format!("floorwalker-compile {}\n", env!("CARGO_PKG_VERSION"))),
        (Some(other), _) => Asked::Mistaken(format!("unknown argument `{other}`; see floorwalker-compile --help")),
    }
}
