//! Shell: what went wrong, in words, and the exit code that says it. Made by every command, told by `main`.

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use api::http::error::Problem;
use process::supervise::chain;

use crate::exit::Exit;
use crate::problem;

/// Why a command has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line, or what it names, is wrong.
    Usage(String),
    /// Nobody answered, or nobody of ours.
    Unreachable(String),
    /// The aggregator answered with a problem.
    Problem(Problem),
    /// Something on this machine went wrong.
    Here(String),
}

// === impl Failure ===

impl Failure {
    /// Something on this machine, with its cause.
    pub(crate) fn here(what: impl fmt::Display, cause: &(dyn std::error::Error + 'static)) -> Self {
        Self::Here(format!("{what}: {}", chain(cause)))
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Unreachable(_) => Exit::Unknown,
            Self::Here(_) => Exit::Refused,
            Self::Problem(problem) => problem::exit(problem),
        }
    }

    /// Whether asking again may help.
    pub(crate) fn is_passing(&self) -> bool {
        self.exit() == Exit::Unknown
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Unreachable(text) | Self::Here(text) => f.write_str(text),
            Self::Problem(problem) => f.write_str(&problem::text(problem)),
        }
    }
}

/// Says what went wrong, and gives the code.
pub(crate) fn fail(failure: &Failure) -> ExitCode {
    // Nothing can be done about a closed stderr; the code still says it.
    let _ = writeln!(std::io::stderr(), "floorwalker: {failure}");
    failure.exit().into()
}
