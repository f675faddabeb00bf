//! Exit codes, and what went wrong in words. Never 0 on an error. Mapped here alone; commands only name what happened.

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use api::http::error::Problem;

/// How a command ended. The numbers are part of the contract with pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Allowed, done, valid.
    Done = 0,
    /// Denied, refused, failing.
    Refused = 1,
    /// A flag, a name or a form that does not exist.
    Usage = 2,
    /// Wait.
    Wait = 3,
    /// Not reached, or the gate cannot tell.
    Unknown = 4,
    /// Not authenticated or not authorised.
    Unauthorised = 5,
}

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

// === impl Exit ===

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
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
            Self::Problem(problem) => of_problem(problem),
        }
    }

    /// Whether asking again may help.
    pub(crate) fn is_passing(&self) -> bool {
        self.exit() == Exit::Unknown
    }
}

/// The gate's own refusals come as 403 and 409 with a code of theirs: they are a deny, not a matter of rights.
fn of_problem(problem: &Problem) -> Exit {
    match problem.status {
        403 if problem.code != "forbidden" => Exit::Refused,
        401 | 403 | 404 => Exit::Unauthorised,
        409 => Exit::Refused,
        429 | 500.. => Exit::Unknown,
        _ => Exit::Usage,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Unreachable(text) | Self::Here(text) => f.write_str(text),
            Self::Problem(problem) => {
                write!(f, "{}: {}", problem.code, problem.title.trim_end_matches('.').to_lowercase())?;
                if let Some(detail) = &problem.detail {
                    write!(f, ": {detail}")?;
                }
                match problem.status {
                    404 => f.write_str("; it does not exist, or this token may not see it"),
                    401 => f.write_str("; set FLOORWALKER_TOKEN to a token that has not ended"),
                    403 if problem.code == "forbidden" => f.write_str("; ask for a token with the role this needs"),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    process::supervise::chain(error)
}

/// Says what went wrong, and gives the code.
pub(crate) fn fail(failure: &Failure) -> ExitCode {
    // Nothing can be done about a closed stderr; the code still says it.
    let _ = writeln!(std::io::stderr(), "floorwalker: {failure}");
    failure.exit().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, code: &str) -> Failure {
        Failure::Problem(Problem { code: code.to_owned(), status, title: "Title.".to_owned(), detail: None })
    }

    #[test]
    fn problems_have_the_codes_of_the_contract() {
        let cases = [
            (401, "unauthenticated", Exit::Unauthorised),
            (403, "forbidden", Exit::Unauthorised),
            (403, "TICKET_SCOPE", Exit::Refused),
            (404, "not-found", Exit::Unauthorised),
            (409, "TICKET_USED", Exit::Refused),
            (422, "invalid-request", Exit::Usage),
            (429, "unavailable", Exit::Unknown),
            (503, "unavailable", Exit::Unknown),
        ];
        for (status, code, exit) in cases {
            assert_eq!(problem(status, code).exit(), exit, "{status} {code}");
        }
        assert_eq!(Failure::Unreachable(String::new()).exit(), Exit::Unknown);
    }

    #[test]
    fn a_problem_says_what_to_do() {
        assert_eq!(
            problem(404, "not-found").to_string(),
            "not-found: title; it does not exist, or this token may not see it"
        );
    }
}
